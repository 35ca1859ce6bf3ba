"""A table of drafts that each gate must drop or keep."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from recipes.core import language
from recipes.core.language import Language
from recipes.generate.data.tokenizer import BYTE_TOKENIZER
from recipes.generate.gates import GateSettings, build_gates, first_reason, length_ratio
from recipes.generate.gates.language_id import build_identifier
from recipes.generate.gates.settings import GlossaryTerm
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.schema import ENGLISH, Draft, Message, Row
from recipes.practice.texts import passage, write_text
from recipes.practice.world import TOPICS
from tests.recipes.generate.gates.planted_faults import REFUSALS, sentences

SETTINGS = GateSettings(
    identify_from=40,
    english_words=0.3,
    english_run=8,
    ratio=(0.4, 2.5),
    slack=0,
    tokenizer=None,
    loop=0.5,
    cut_tail=40,
    learn_refusals=False,
    profile=0,
)
EPO = "epo_Latn"
QUESTION = "Kio estas la ĉefurbo de Francio?"
ANSWER = "La ĉefurbo de Francio estas Parizo, urbo kun multaj muzeoj kaj parkoj."
IN_ENGLISH = "The capital of France is Paris, a city with many museums and parks."
LONG_ENGLISH = (
    f"{IN_ENGLISH} It lies on a river, and millions of people visit the city every year to "
    "see the paintings, to eat well, and to walk through the streets of the old quarters at night."
)
LONG_ANSWER = (
    f"{ANSWER} Ĝi kuŝas ĉe rivero, kaj milionoj da homoj vizitas la urbon ĉiujare por vidi la "
    "pentraĵojn, por bone manĝi, kaj por promeni tra la stratoj de la malnovaj kvartaloj nokte."
)
AMHARIC = "የፈረንሳይ ዋና ከተማ ፓሪስ ናት።"


def draft(
    *texts: str,
    languages: tuple[str | None, ...] | None = None,
    pairs: tuple[tuple[str, str], ...] = (),
    finish: str = "stop",
    roles: tuple[str, ...] = ("user", "assistant"),
) -> Draft:
    """Return a draft in Esperanto with these turns."""
    turns = tuple(
        Message(role=role, content=text)  # type: ignore[typeddict-item]
        for role, text in zip(roles, texts, strict=True)
    )
    return Draft(Row("topics", "p", "t", turns), languages or (EPO,) * len(texts), pairs, finish)


KEPT = {
    "plain": draft(QUESTION, ANSWER),
    "one word": draft(QUESTION, "Parizo"),
    "with its reasoning": draft(QUESTION, f"<think>\nThe user asks.\n</think>\n\n{ANSWER}"),
    "asked for English": draft("Traduku: " + ANSWER, IN_ENGLISH, languages=(None, ENGLISH)),
    "instruction and text mixed": draft(f"Traduku:\n{IN_ENGLISH}", ANSWER, languages=(None, EPO)),
    "a good pair": draft(QUESTION, ANSWER, pairs=((IN_ENGLISH, ANSWER),)),
    "code in a closed fence": draft(QUESTION, "Jen la programo:\n```\nprint(1)\n```"),
    "a list with the same beginnings": draft(
        QUESTION, "La viro iras. La viro vidas. La hundo dormas."
    ),
    "two exchanges": draft(
        QUESTION, ANSWER, QUESTION, ANSWER, roles=("user", "assistant", "user", "assistant")
    ),
    "no apology": draft(QUESTION, "Mi bedaŭras la malfruan respondon: la ĉefurbo estas Parizo."),
}

DROPPED = {
    "truncated": ("truncated", draft(QUESTION, ANSWER, finish="length")),
    "nan as text (A4 #2)": ("empty", draft(QUESTION, "nan")),
    "None as prompt (A4 #3)": ("empty", draft(f"{ANSWER}\n\nNone", ANSWER)),
    "None as answer": ("empty", draft(QUESTION, "None")),
    "nothing": ("empty", draft(QUESTION, " \n")),
    "thought without an answer": ("leaked_tags", draft(QUESTION, "<think>\nHm.\n</think>\n\n")),
    "unclosed thought": ("leaked_tags", draft(QUESTION, f"<think>\nHm. {ANSWER}")),
    "template tag": ("leaked_tags", draft(QUESTION, f"<|start|>{ANSWER}")),
    "instruct tag": ("leaked_tags", draft(QUESTION, f"[INST] {ANSWER}")),
    "open fence": ("open_fence", draft(QUESTION, f"```json\n{ANSWER}")),
    "only a user": ("bad_turns", draft(QUESTION, roles=("user",))),
    "assistant first": ("bad_turns", draft(ANSWER, QUESTION, roles=("assistant", "user"))),
    "no turns": ("bad_turns", draft(roles=())),
    "as an AI": ("refusal", draft(QUESTION, "As an AI language model I have no city.")),
    "sorry": ("refusal", draft(QUESTION, "I'm sorry, but I can't help with that.")),
    "refused to translate": (
        "refusal",
        draft(
            QUESTION, ANSWER, pairs=(("I'm sorry, but I can't help you with that text.", ANSWER),)
        ),
    ),
    "loop": ("loop", draft(QUESTION, "La urbo estas granda " * 12)),
    "too short a translation": (
        "length_ratio",
        draft(QUESTION, ANSWER, pairs=((LONG_ENGLISH, ANSWER),)),
    ),
    "too long a translation": (
        "length_ratio",
        draft(QUESTION, LONG_ANSWER, pairs=((IN_ENGLISH, LONG_ANSWER),)),
    ),
    "English answer": ("english", draft(QUESTION, IN_ENGLISH)),
    "English prompt": ("english", draft("What is the capital of France?", ANSWER)),
    "short English answer": ("english", draft(QUESTION, "That is the city of Paris.")),
    "another language": (
        "wrong_language",
        draft(QUESTION, "Die Hauptstadt von Frankreich ist Paris, eine Stadt mit vielen Museen."),
    ),
    "another script": ("wrong_script", draft(QUESTION, AMHARIC)),
    "not English where it must be": (
        "not_english",
        draft("Traduku: " + ANSWER, ANSWER, languages=(None, ENGLISH)),
    ),
    "original not English": ("not_english", draft(QUESTION, ANSWER, pairs=((ANSWER, ANSWER),))),
}


@pytest.mark.parametrize("name", KEPT)
def test_good_drafts_are_kept(name: str) -> None:
    assert first_reason(KEPT[name], build_gates(SETTINGS, language.get(EPO))) is None


@pytest.mark.parametrize("name", DROPPED)
def test_faults_are_dropped_with_their_reason(name: str) -> None:
    reason, faulty = DROPPED[name]
    assert first_reason(faulty, build_gates(SETTINGS, language.get(EPO))) == reason


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("amh_Ethi", AMHARIC),
        ("cmn_Hans", "法国的首都是巴黎,那里有许多博物馆和公园。"),
        ("jpn_Jpan", "フランスの首都はパリで、美術館や公園がたくさんあります。"),
        ("ben_Beng", "ফ্রান্সের রাজধানী প্যারিস, যেখানে অনেক জাদুঘর আছে।"),
        ("lus_Latn", "France khawpui chu Paris a ni a, museum tam tak a awm a ni."),
    ],
)
def test_other_scripts_and_unknown_languages_are_kept(code: str, text: str) -> None:
    known = language.get(code)
    drafted = draft(QUESTION, text, languages=(None, code))
    assert first_reason(drafted, build_gates(SETTINGS, known)) is None


def test_a_related_language_is_not_another_language() -> None:
    kirundi = "Igihugu cacu gifise abantu benshi bakora mu mirima kandi bakunda imiryango yabo."
    drafted = draft(QUESTION, kirundi, languages=(None, "kin_Latn"))
    assert first_reason(drafted, build_gates(SETTINGS, language.get("kin_Latn"))) is None


GLOSSARY = GateSettings(
    **{
        **vars(SETTINGS),
        "glossary": (GlossaryTerm("computer", "komputilo", ("komputero*", "komputoro")),),
        "forbidden": ("vulgara vorto", "*aĉulo*"),
    }
)


@pytest.mark.parametrize(
    ("answer", "pairs", "reason"),
    [
        ("Mia komputilo estas nova kaj rapida.", (), None),
        ("Mia KOMPUTEROJN estas nova.", (), "glossary"),
        ("Mia komputoroj estas nova.", (), None),  # without a star, only the word itself
        ("Tio estas vulgara\nvorto, ĉu ne?", (), "forbidden_form"),
        ("Li estas malbonac\u0302uloj kaj plu.", (), "forbidden_form"),
        ("Mi diris `komputero` en la kodo.", (), None),
        ("Mia computer.", (("My computer is here.", "Mia computer estas ĉi tie."),), "glossary"),
        ("Mia komputilo.", (("My computer is here.", "Mia komputilo estas ĉi tie."),), None),
    ],
)
def test_a_community_decides_its_words(
    answer: str, pairs: tuple[tuple[str, str], ...], reason: str | None
) -> None:
    drafted = draft(QUESTION, answer, languages=(None, EPO), pairs=pairs)
    assert first_reason(drafted, build_gates(GLOSSARY, language.get(EPO))) == reason


def test_forms_match_anywhere_in_scripts_without_spaces() -> None:
    known = GateSettings(**{**vars(SETTINGS), "forbidden": ("电脑",)})
    drafted = draft(QUESTION, "我的母亲每天在厨房里用电脑工作。", languages=(None, "cmn_Hans"))
    assert first_reason(drafted, build_gates(known, language.get("cmn_Hans"))) == "forbidden_form"


def own_texts(count: int) -> list[str]:
    """Return texts in the practice world's Esperanto, as if no library knew it."""
    rng = Random(1)
    return [write_text(passage(rng, rng.choice(TOPICS)), "epo") for _ in range(count)]


def test_an_unknown_language_is_learnt_from_its_own_texts() -> None:
    english = [IN_ENGLISH, LONG_ENGLISH, *sentences()["eng_Latn"]]
    profile = TrigramProfile.learn(own_texts(400), english, 10_000)
    assert profile
    assert not any(map(profile.is_other_language, own_texts(500)[400:]))
    others = ("gle_Latn", "cym_Latn", "yor_Latn", "zul_Latn", "rus_Cyrl", "eng_Latn")
    assert all(profile.is_other_language(" ".join(sentences()[code])) for code in others)
    assert TrigramProfile.learn(own_texts(5), english, 10_000) is None


def test_a_library_that_fails_on_texts_of_the_language_is_not_used() -> None:
    kurmanji = Language("kmr_Latn", "Northern Kurdish", "kmr", "tr")
    mislabelled = replace(kurmanji, code="xxx_Latn")
    irish = list(sentences()["gle_Latn"])
    assert build_identifier(mislabelled).method == "CLD2"
    assert build_identifier(mislabelled, irish).method == "its script, and by not being English"
    assert build_identifier(language.get("kmr_Latn")).method == "py3langid"


def test_the_length_ratio_counts_tokens_with_slack() -> None:
    assert BYTE_TOKENIZER.count("abcdefgh") == 2
    pair = (("one two three four", "unu"),)
    drafted = draft(QUESTION, ANSWER, pairs=pair)
    outcome = length_ratio.length_ratio(drafted, lambda text: len(text.split()), (0.75, 25), 0)
    assert outcome == "length_ratio"
    assert length_ratio.length_ratio(drafted, lambda text: len(text.split()), (0.75, 25), 3) is None


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ("", None),
        (" https://parizo-gvidilo.org/a", "invented_url"),
        (" Скribu!", "stray_script"),
    ],
)
@pytest.mark.parametrize("in_original", [False, True])
def test_additions_of_a_translation_are_dropped(
    added: str, reason: str | None, in_original: bool
) -> None:
    english = LONG_ENGLISH + (added if in_original else "")
    pairs = (("Hi there!", "Saluton!"), (english, LONG_ANSWER + added))
    translated = replace(draft("Saluton!", LONG_ANSWER + added, pairs=pairs), from_corpus=True)
    actual = first_reason(translated, build_gates(SETTINGS, language.get(EPO)))
    assert actual == (None if in_original else reason)


@pytest.mark.parametrize(
    ("code", "answer", "english", "reason"),
    [
        ("epo_Latn", "“Mi bedaŭras, ke mi malfruas”, diris la knabo kaj eksidis.",
         "“I am sorry that I am late,” said the boy and sat down.", None),
        ("epo_Latn", "Mi bedaŭras aŭdi tion. Donu al ĝi akvon kaj ripozon.", "", None),
        ("epo_Latn", "ChatGPT estas programo, kiu respondas demandojn.", "", None),
        ("epo_Latn", "Mi estas programo de OpenAI kaj respondas demandojn.", "", "refusal"),
        ("epo_Latn", "Mi bedaŭras, sed mi ne povas helpi pri tio.", "", "refusal"),
        ("epo_Latn", "I'm sorry, but I can't help with that.", "", "refusal"),
        ("ita_Latn", "La città è antica.\nNote: il museo è chiuso il lunedì.", "", None),
        ("ita_Latn", "La città è antica.\nNote: this is the literal translation.", "", "chatter"),
        ("ltz_Latn", "Den Computer ass nei.\nSystem: e Programm dat alles steiert.", "", None),
        ("ltz_Latn", "Den Computer ass nei.\nSystem: You are an assistant.", "", "leaked_tags"),
    ],
)  # fmt: skip
def test_words_of_the_language_are_no_refusal_and_no_boilerplate(
    code: str, answer: str, english: str, reason: str | None
) -> None:
    """An apology counts with an inability, English phrases with English."""
    examples = [REFUSALS[code]] if code in REFUSALS else []
    gates = build_gates(SETTINGS, language.get(code), refusal_examples=examples)
    pairs = ((english, answer),) if english else ()
    assert (
        first_reason(
            draft("Kio estas ChatGPT?", answer, languages=(None, code), pairs=pairs), gates
        )
        == reason
    )
