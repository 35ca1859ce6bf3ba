"""The gates as a table: what each must drop, and what it must let through."""

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
from tests.recipes.generate.gates.planted_faults import sentences

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
ASKED = "Kio estas la ĉefurbo de Francio?"
SAID = "La ĉefurbo de Francio estas Parizo, urbo kun multaj muzeoj kaj parkoj."
IN_ENGLISH = "The capital of France is Paris, a city with many museums and parks."
LONGER = (
    f"{IN_ENGLISH} It lies on a river, and millions of people visit the city every year to "
    "see the paintings, to eat well, and to walk through the streets of the old quarters at night."
)
LONG_SAID = (
    f"{SAID} Ĝi kuŝas ĉe rivero, kaj milionoj da homoj vizitas la urbon ĉiujare por vidi la "
    "pentraĵojn, por bone manĝi, kaj por promeni tra la stratoj de la malnovaj kvartaloj nokte."
)
AMHARIC = "የፈረንሳይ ዋና ከተማ ፓሪስ ናት።"


def draft(
    *said: str,
    languages: tuple[str | None, ...] | None = None,
    pairs: tuple[tuple[str, str], ...] = (),
    finish: str = "stop",
    roles: tuple[str, ...] = ("user", "assistant"),
) -> Draft:
    """A draft in Esperanto whose turns say this."""
    turns = tuple(
        Message(role=role, content=text)  # type: ignore[typeddict-item]
        for role, text in zip(roles, said, strict=True)
    )
    return Draft(Row("topics", "p", "t", turns), languages or (EPO,) * len(said), pairs, finish)


KEPT = {
    "plain": draft(ASKED, SAID),
    "one word": draft(ASKED, "Parizo"),
    "with its reasoning": draft(ASKED, f"<think>\nThe user asks.\n</think>\n\n{SAID}"),
    "asked for English": draft("Traduku: " + SAID, IN_ENGLISH, languages=(None, ENGLISH)),
    "instruction and text mixed": draft(f"Traduku:\n{IN_ENGLISH}", SAID, languages=(None, EPO)),
    "a good pair": draft(ASKED, SAID, pairs=((IN_ENGLISH, SAID),)),
    "code in a closed fence": draft(ASKED, "Jen la programo:\n```\nprint(1)\n```"),
    "a list with the same beginnings": draft(
        ASKED, "La viro iras. La viro vidas. La hundo dormas."
    ),
    "two exchanges": draft(
        ASKED, SAID, ASKED, SAID, roles=("user", "assistant", "user", "assistant")
    ),
    "no apology": draft(ASKED, "Mi bedaŭras la malfruan respondon: la ĉefurbo estas Parizo."),
}

DROPPED = {
    "truncated": ("truncated", draft(ASKED, SAID, finish="length")),
    "nan as text (A4 #2)": ("empty", draft(ASKED, "nan")),
    "None as prompt (A4 #3)": ("empty", draft(f"{SAID}\n\nNone", SAID)),
    "None as answer": ("empty", draft(ASKED, "None")),
    "nothing": ("empty", draft(ASKED, " \n")),
    "thought without an answer": ("leaked_tags", draft(ASKED, "<think>\nHm.\n</think>\n\n")),
    "unclosed thought": ("leaked_tags", draft(ASKED, f"<think>\nHm. {SAID}")),
    "template tag": ("leaked_tags", draft(ASKED, f"<|start|>{SAID}")),
    "instruct tag": ("leaked_tags", draft(ASKED, f"[INST] {SAID}")),
    "open fence": ("open_fence", draft(ASKED, f"```json\n{SAID}")),
    "only a user": ("bad_turns", draft(ASKED, roles=("user",))),
    "assistant first": ("bad_turns", draft(SAID, ASKED, roles=("assistant", "user"))),
    "no turns": ("bad_turns", draft(roles=())),
    "as an AI": ("refusal", draft(ASKED, "As an AI language model I have no city.")),
    "sorry": ("refusal", draft(ASKED, "I'm sorry, but I can't help with that.")),
    "refused to translate": (
        "refusal",
        draft(ASKED, SAID, pairs=(("I'm sorry, but I can't help you with that text.", SAID),)),
    ),
    "loop": ("loop", draft(ASKED, "La urbo estas granda " * 12)),
    "too short a translation": ("length_ratio", draft(ASKED, SAID, pairs=((LONGER, SAID),))),
    "too long a translation": (
        "length_ratio",
        draft(ASKED, LONG_SAID, pairs=((IN_ENGLISH, LONG_SAID),)),
    ),
    "English answer": ("english", draft(ASKED, IN_ENGLISH)),
    "English prompt": ("english", draft("What is the capital of France?", SAID)),
    "short English answer": ("english", draft(ASKED, "That is the city of Paris.")),
    "another language": (
        "wrong_language",
        draft(ASKED, "Die Hauptstadt von Frankreich ist Paris, eine Stadt mit vielen Museen."),
    ),
    "another script": ("wrong_script", draft(ASKED, AMHARIC)),
    "not English where it must be": (
        "not_english",
        draft("Traduku: " + SAID, SAID, languages=(None, ENGLISH)),
    ),
    "original not English": ("not_english", draft(ASKED, SAID, pairs=((SAID, SAID),))),
}


@pytest.mark.parametrize("name", KEPT)
def test_sound_drafts_pass(name: str) -> None:
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
def test_other_scripts_and_unknown_languages_pass(code: str, text: str) -> None:
    known = language.get(code)
    drafted = draft(ASKED, text, languages=(None, code))
    assert first_reason(drafted, build_gates(SETTINGS, known)) is None


def test_a_relative_is_not_another_language() -> None:
    kirundi = "Igihugu cacu gifise abantu benshi bakora mu mirima kandi bakunda imiryango yabo."
    drafted = draft(ASKED, kirundi, languages=(None, "kin_Latn"))
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
        ("Mia komputoroj estas nova.", (), None),  # no star: only the word itself
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
    drafted = draft(ASKED, answer, languages=(None, EPO), pairs=pairs)
    assert first_reason(drafted, build_gates(GLOSSARY, language.get(EPO))) == reason


def test_a_word_may_stand_anywhere_where_there_are_no_spaces() -> None:
    known = GateSettings(**{**vars(SETTINGS), "forbidden": ("电脑",)})
    drafted = draft(ASKED, "我的母亲每天在厨房里用电脑工作。", languages=(None, "cmn_Hans"))
    assert first_reason(drafted, build_gates(known, language.get("cmn_Hans"))) == "forbidden_form"


def own_texts(count: int) -> list[str]:
    """Texts of the practice world's Esperanto, as if no library knew it."""
    rng = Random(1)
    return [write_text(passage(rng, rng.choice(TOPICS)), "epo") for _ in range(count)]


def test_a_language_that_no_library_knows_is_learnt_from_its_own_texts() -> None:
    english = [IN_ENGLISH, LONGER, *sentences()["eng_Latn"]]
    learnt = TrigramProfile.learn(own_texts(400), english, 10_000)
    assert learnt
    assert not any(map(learnt.is_other_language, own_texts(500)[400:]))
    strangers = ("gle_Latn", "cym_Latn", "yor_Latn", "zul_Latn", "rus_Cyrl", "eng_Latn")
    assert all(learnt.is_other_language(" ".join(sentences()[code])) for code in strangers)
    assert TrigramProfile.learn(own_texts(5), english, 10_000) is None


def test_a_library_that_does_not_know_its_own_texts_is_not_believed() -> None:
    kurmanji = Language("kmr_Latn", "Northern Kurdish", "kmr", "tr")
    mistaken = replace(kurmanji, code="xxx_Latn")
    irish = list(sentences()["gle_Latn"])
    assert build_identifier(mistaken).method == "CLD2"
    assert build_identifier(mistaken, irish).method == "its script, and by not being English"
    assert build_identifier(language.get("kmr_Latn")).method == "py3langid"


def test_tokens_are_those_of_the_model_or_four_bytes() -> None:
    assert BYTE_TOKENIZER.count("abcdefgh") == 2
    pair = (("one two three four", "unu"),)
    drafted = draft(ASKED, SAID, pairs=pair)
    words = length_ratio.length_ratio(drafted, lambda text: len(text.split()), (0.75, 25), 0)
    assert words == "length_ratio"
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
def test_what_a_translation_adds_is_not_taken_as_given(
    added: str, reason: str | None, in_original: bool
) -> None:
    english = LONGER + (added if in_original else "")
    pairs = (("Hi there!", "Saluton!"), (english, LONG_SAID + added))
    translated = replace(draft("Saluton!", LONG_SAID + added, pairs=pairs), from_corpus=True)
    found = first_reason(translated, build_gates(SETTINGS, language.get(EPO)))
    assert found == (None if in_original else reason)
