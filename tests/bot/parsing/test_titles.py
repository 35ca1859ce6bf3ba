"""The languages that titles, bodies and answers name; hostile text names none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.request import Verdict
from bot.language import Language, by_code
from bot.language.tables import tables
from bot.parsing.titles import Named, Unclear, is_attempt, read_answer, read_request
from bot.parsing.words import GREETINGS


@pytest.mark.parametrize(
    ("title", "body", "code"),
    [
        ("Esperanto", "", "epo_Latn"),
        ("  esperanto  ", "", "epo_Latn"),
        ("[Esperanto]", "", "epo_Latn"),
        ("Request: Esperanto", "", "epo_Latn"),
        ("Language request: Scottish Gaelic", "", "gla_Latn"),
        ("Please add Welsh", "", "cym_Latn"),
        ("Please add the language", "Welsh\n\nThank you!", "cym_Latn"),
        ("Welsh language, please", "", "cym_Latn"),
        ("Hello", "gla_Latn", "gla_Latn"),
        ("Request: gd", "", "gla_Latn"),
        ("Kurdish (Sorani)", "", "ckb_Arab"),
        ("Please make a model for Welsh", "", "cym_Latn"),
        ("I'd like Welsh", "", "cym_Latn"),
        ("Could we have a dataset in Galician?", "", "glg_Latn"),
        ("Hello, please add Faroese. Thank you!", "", "fao_Latn"),
        ("Train on Kinyarwanda", "", "kin_Latn"),
        ("世界語", "hi", "epo_Latn"),
        ("A dataset for Lingala please", "", "lin_Latn"),
        ("Bonjour, breton", "", "bre_Latn"),
        ("Saluton", "Hi!\n\nWelsh", "cym_Latn"),
        ("Kurdish", "Sorani", "ckb_Arab"),
        ("swa", "", "swh_Latn"),
        ("SWA", "", "swh_Latn"),
        ("fre, please", "", "fra_Latn"),
        ("No", "Welsh", "cym_Latn"),
    ],
)
def test_usual_requests(title: str, body: str, code: str) -> None:
    answer = read_request(title, body)
    assert isinstance(answer, Named) and answer.language.code == code


@pytest.mark.parametrize(
    ("title", "body", "verdict"),
    [
        ("", "", Verdict.NO_NAME),
        ("Kurdish", "", Verdict.AMBIGUOUS),
        ("Kurdish", "hi", Verdict.AMBIGUOUS),
        ("Martian", "Hi!", Verdict.UNKNOWN),
        ("No thanks", "", Verdict.NO_NAME),
        ("no", "", Verdict.AMBIGUOUS),
        ("chi", "", Verdict.AMBIGUOUS),
        ("smi", "", Verdict.AMBIGUOUS),
        ("nonsense", "more nonsense", Verdict.UNKNOWN),
        ("Esperanto", "x" * 50_000, Verdict.TOO_LONG),
        ("y" * 300, "", Verdict.UNKNOWN),
        ("Please add the", "", Verdict.NO_NAME),
        ("Saluton!", "", Verdict.NO_NAME),
        ("I love this", "", Verdict.UNKNOWN),
        ("Can you do better?", "", Verdict.UNKNOWN),
        ("Support for Python", "", Verdict.UNKNOWN),
    ],
)
def test_unclear_requests_have_a_reason(title: str, body: str, verdict: Verdict) -> None:
    answer = read_request(title, body)
    assert isinstance(answer, Unclear) and answer.verdict is verdict


@pytest.mark.parametrize("title", ["Swa", "Swa, please", "Please add swa", "add Swa"])
def test_a_code_that_may_be_a_word_must_be_confirmed(title: str) -> None:
    """A phone writes "Swa" for "swa"."""
    swahili = Unclear(Verdict.CONFIRM, (by_code("swh_Latn"),))
    assert read_request(title, "") == swahili and read_answer("Swa", ()) == swahili
    assert read_request(title, "Welsh") == Named(by_code("cym_Latn"), is_certain=False)


def test_every_code_of_iso_639_1_2_and_3_leads_to_its_languages() -> None:
    """Macrolanguages and codes of ISO 639-2 like "ger", too, in every case that people write."""
    codes = {*tables().choices, *(tag for tag in tables().tags if len(tag) < 4)}
    assert {"swa", "fre", "ger", "chi", "nor", "no", "sw"} <= codes
    for code in codes - GREETINGS:
        for text in (code, code.upper(), code.title()):
            reading = read_request(text, "")
            clear = (Verdict.AMBIGUOUS, Verdict.CONFIRM)
            assert isinstance(reading, Named) or reading.verdict in clear, text
            assert isinstance(reading, Named) or text != code or len(reading.choices) > 1, text


def test_a_similar_name_is_offered_and_never_assumed() -> None:
    answer = read_request("Esperanot", "")
    assert isinstance(answer, Unclear)
    assert "epo_Latn" in [language.code for language in answer.choices]


# Failed before: the body's greeting gave "Alutor" and "Saluan", and "moi" started a model of Moi.
@pytest.mark.parametrize("greeting", ["Saluton!", "moi", "Hola a todas las personas", "Sannu!"])
def test_a_greeting_under_an_unknown_title_suggests_nothing(greeting: str) -> None:
    assert read_request("Gaela lingvo (Skotlando)", greeting) == Unclear(Verdict.UNKNOWN)


def test_under_a_title_that_says_something_else_a_name_must_be_confirmed() -> None:
    assert read_request("Martian", "Welsh") == Named(by_code("cym_Latn"), is_certain=False)
    welsh = read_request("Kurdish", "Welsh")
    assert isinstance(welsh, Unclear) and welsh.verdict is Verdict.AMBIGUOUS


KURDISH = ("kmr_Latn", "ckb_Arab", "sdh_Arab")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("2", "ckb_Arab"),
        ("2, please", "ckb_Arab"),
        ("(3)", "sdh_Arab"),
        ("the first one", "kmr_Latn"),
        ("Kurmanji, thank you!", "kmr_Latn"),
        ("I mean Sorani Kurdish", "ckb_Arab"),
        ("sdh_Arab\n\nsorry for the trouble", "sdh_Arab"),
        ("Welsh", "cym_Latn"),
    ],
)
def test_usual_answers(answer: str, code: str) -> None:
    reading = read_answer(answer, KURDISH)
    assert isinstance(reading, Named) and reading.language.code == code


@pytest.mark.parametrize(
    ("choices", "answer", "code"),
    [
        ("srp_Cyrl srp_Latn", "Cyrillic", "srp_Cyrl"),
        ("srp_Cyrl srp_Latn", "Latin", "srp_Latn"),
        ("srp_Cyrl srp_Latn", "the Latin one, please", "srp_Latn"),
        ("srp_Cyrl srp_Latn", "in the Cyrillic alphabet", "srp_Cyrl"),
        ("srp_Cyrl srp_Latn", "Yes, Latin", "srp_Latn"),
        ("srp_Cyrl srp_Latn", "I mean Latin", "srp_Latn"),
        ("cmn_Hans cmn_Hant yue_Hant", "simplified", "cmn_Hans"),
        ("lat_Latn ita_Latn", "Latin", "lat_Latn"),
    ],
)
def test_a_script_is_an_answer_to_a_question_about_scripts(
    choices: str, answer: str, code: str
) -> None:
    reading = read_answer(answer, tuple(choices.split()))
    assert isinstance(reading, Named) and reading.language.code == code


@pytest.mark.parametrize(
    ("choices", "answer", "code"),
    [
        ("quy_Latn quz_Latn quh_Latn", "the one of Cusco", "quz_Latn"),
        ("quy_Latn quz_Latn quh_Latn", "Quechua", ""),
        ("pcm_Latn wes_Latn tpi_Latn", "Nigerian", "pcm_Latn"),
        ("lha_Latn lhh_Latn", "Viet Nam", "lha_Latn"),
        ("pcm_Latn wes_Latn tpi_Latn", "the one", ""),
    ],
)
def test_words_of_only_one_choices_name_are_an_answer(choices: str, answer: str, code: str) -> None:
    reading = read_answer(answer, tuple(choices.split()))
    assert (reading.language.code if isinstance(reading, Named) else "") == code


def test_a_script_that_several_choices_share_leads_to_another_question() -> None:
    reading = read_answer("Arabic", KURDISH)
    assert isinstance(reading, Unclear) and len(reading.choices) == 2


@pytest.mark.parametrize("word", ["hmm", "lol", "LLM", "API", "omg"])
def test_an_abbreviation_alone_is_hardly_a_language(word: str) -> None:
    """Failed before: "lol" started a model of Mongo, and "API" one of Apiaká."""
    title = read_request(word, "")
    assert isinstance(title, Named) and not title.is_certain
    assert read_answer(word, ()) is None


def test_a_word_of_talk_before_a_script_is_no_language() -> None:
    """Failed before: "not Latin" started a model of Nomatsiguenga, whose code is "not"."""
    assert read_answer("not Latin", ("srp_Cyrl", "srp_Latn")) is None
    assert read_answer("not Latin", ()) == Unclear(Verdict.CONFIRM, (by_code("not_Latn"),))
    assert read_request("not Latin", "") == Named(by_code("not_Latn"), is_certain=False)
    assert read_request("my (Burmese)", "") == Named(by_code("mya_Mymr"))


def test_a_typo_in_an_answer_must_be_confirmed() -> None:
    assert read_answer("Kurmanjii", KURDISH) == Unclear(Verdict.CONFIRM, (by_code("kmr_Latn"),))


@pytest.mark.parametrize("choices", [(), KURDISH])
def test_a_name_in_another_language_must_be_confirmed(choices: tuple[str, ...]) -> None:
    assert read_answer("svahila", choices) == Unclear(Verdict.CONFIRM, (by_code("swh_Latn"),))
    assert read_request("svahila", "") == Unclear(Verdict.UNKNOWN, (by_code("swh_Latn"),))


CHATTER = (
    *("nice weather today", "7", "yes", "Ok!", "all", "why", "the sixth", "x" * 500, ""),
    *("?", "👎", "...", "Thanks!"),
)


@pytest.mark.parametrize("text", CHATTER)
def test_other_comments_are_ignored(text: str) -> None:
    assert read_answer(text, KURDISH) is None


@pytest.mark.parametrize("text", ["?", "👎", "...", "Thanks!", "👍?"])
def test_marks_and_thanks_agree_to_nothing(text: str) -> None:
    """Failed before: of each, no word was left, which counted as a yes."""
    assert read_answer(text, ("epo_Latn",)) is None and read_answer(text, ()) is None


@pytest.mark.parametrize(
    "yes", ["jes", "Jes, bonvolu!", "ja", "Oui, merci", "да", "はい", "OK", "👍", "👍🏿!"]
)
def test_yes_is_understood_in_many_languages(yes: str) -> None:
    """Failed before: "ja" started a model of Japanese, and "oui" one of Old Uyghur."""
    assert read_answer(yes, ("epo_Latn",)) == Named(by_code("epo_Latn"))
    assert read_answer(yes, KURDISH) is None and read_answer(yes, ()) is None


@pytest.mark.parametrize("no", ["no", "ne", "Nein, danke", "non", "нет"])
def test_no_is_understood_in_many_languages(no: str) -> None:
    assert read_answer(no, ("epo_Latn",)) == Unclear(Verdict.NO_NAME)
    for mark in (", ", " - ", " – ", " — "):  # "no" alone would be Norwegian
        answer = f"{no.split(',')[0]}{mark}Welsh"
        assert read_answer(answer, ("nob_Latn",)) == Named(by_code("cym_Latn"))
        assert read_answer(answer, ("epo_Latn",)) == Named(by_code("cym_Latn"))


@pytest.mark.parametrize(("word", "code"), [("dua", "dua_Latn"), ("tri", "tri_Latn")])
def test_a_number_in_words_is_no_code_of_another_language(word: str, code: str) -> None:
    assert read_answer(word, KURDISH) is None
    assert read_answer(word, (*KURDISH, code)) == Named(by_code(code))
    assert read_answer(code, KURDISH) == Named(by_code(code))


@pytest.mark.parametrize("text", ["la dua", "jess", "7", "unua\n\nDankon!"])
def test_a_few_words_are_an_attempt_at_an_answer(text: str) -> None:
    assert is_attempt(text, KURDISH)


TALK = (
    "",
    "Thanks!",
    "hello",
    "@ada which one?",
    "why?",
    "I will ask my friends",
    "> la dua",
    "👍",
)


@pytest.mark.parametrize("text", (*TALK, "x" * 41, "la dua\n" + "and so on " * 40))
def test_talk_is_no_attempt(text: str) -> None:
    assert not is_attempt(text, KURDISH)


def test_agreement_is_an_attempt_only_where_there_are_choices() -> None:
    for text in ("OK", "Sure!", "jes"):
        assert is_attempt(text, KURDISH) and not is_attempt(text, ())


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "unit", [" ", " ,", "please ", ".! ", "a ", "a model for ", "\t\u3000", "(", "hi,"]
)
@pytest.mark.parametrize("size", [190, 19_000])
def test_no_line_takes_long_to_read(unit: str, size: int) -> None:
    line = "Welsh" + (unit * size)[:size] + "x"
    assert isinstance(read_request("hello", line), Unclear | Named)
    assert isinstance(read_request(line, "hello"), Unclear | Named)
    assert isinstance(read_answer(line[:80], KURDISH), Unclear | Named | None)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_read(title: str, body: str) -> None:
    answer = read_request(title, body)
    assert isinstance(answer, Named | Unclear)


def test_homoglyphs_and_hidden_letters_name_no_language() -> None:
    for text in ("Esp\u0435ranto", "W\u0435lsh", "\u202eotnarepsE"):
        assert not isinstance(read_request(text, ""), Named), text


@given(st.text(max_size=300), st.lists(st.sampled_from(["epo_Latn", "cym_Latn"]), max_size=2))
def test_any_answer_is_a_known_language_or_none(text: str, choices: list[str]) -> None:
    answer = read_answer(text, tuple(choices))
    assert not isinstance(answer, Named) or isinstance(answer.language, Language)
