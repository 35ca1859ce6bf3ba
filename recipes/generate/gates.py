"""The gates: each is a pure function from a draft to None (kept) or the reason why it is dropped.

What depends on the other rows (duplicates) or on the benchmarks is not here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pycld2
import regex

from recipes.generate.row import ENGLISH, Draft
from recipes.generate.shapes import EMPTY
from recipes.language import Language

Gate = Callable[[Draft], str | None]

TAGS = re.compile(r"<\|[^|>]{1,40}\|>|\[/?INST\]|</?s>|<start_of_turn>|<end_of_turn>|<tool_call>")
REFUSAL = re.compile(
    r"\bas an ai\b|\bas a (large )?language model\b|\bi('m| am) (sorry|unable)\b"
    r"|\bi (can ?not|can't|won't) (help|assist|provide|comply|fulfil)",
    re.IGNORECASE,
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # CLD2 takes none of these
THOUGHT = re.compile(r"\A<think>\n.+\n</think>\n\n(?=\S)", re.DOTALL)
ENGLISH_WORDS = frozenset(
    "the of and to is was are were that this with for from my our his her their they have has had "
    "not you your which would will been be by an at or in what who where".split()
)
CLD2_ENGLISH = "en"
RELATIVES = (
    {"rn", "rw"},
    {"zu", "xh", "ss", "nr"},
    {"hr", "sr", "bs", "sh"},
    {"id", "ms"},
    {"no", "nn", "da"},
    {"st", "tn", "nso"},
    {"tr", "az", "tk", "crh"},
    {"zh", "zh-Hant"},
    {"gl", "pt", "es", "oc", "ca"},
    {"bh", "hi", "mr", "ne"},
    {"tw", "ak"},
)


@dataclass(frozen=True)
class Settings:
    """The numbers of the gates; each key of `generate.gates` in the recipe.

    `identify_from`: letters from which language identification is believed; `english_words`: share
    of English function words above which a shorter text counts as English; `ratio`: smallest and
    largest UTF-8 size of a translation over its original's; `loop`: share of a text that one
    repeated phrase of three words may fill.
    """

    identify_from: int
    english_words: float
    ratio: tuple[float, float]
    loop: float


def judge(draft: Draft, gates: tuple[Gate, ...]) -> str | None:
    """The first reason to drop this draft, None when every gate lets it through."""
    for gate in gates:
        if reason := gate(draft):
            return reason
    return None


def gates(settings: Settings, language: Language) -> tuple[Gate, ...]:
    """All gates in the order in which they are asked, the cheap ones first."""
    return (
        finished,
        structure,
        refusal,
        lambda draft: loop(draft, settings.loop),
        lambda draft: ratio(draft, *settings.ratio),
        lambda draft: right_language(draft, language, settings),
    )


def finished(draft: Draft) -> str | None:
    """The teacher said all it had to say."""
    return None if draft.finish == "stop" else "truncated"


def structure(draft: Draft) -> str | None:
    """User and assistant take turns, each with a text that is one, and no template shows."""
    turns = draft.row.turns
    roles = [turn["role"] for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        return "bad_turns"
    for turn in turns:
        text = without_thought(turn["content"])
        if text.strip().lower() in EMPTY or text.endswith(("\n\nNone", "\n\nnan")):
            return "empty"
        if TAGS.search(text) or "<think>" in text or "</think>" in text:
            return "leaked_tags"
        if text.count("```") % 2:
            return "open_fence"
    return None


def refusal(draft: Draft) -> str | None:
    """Nothing that a model said declines or speaks of being a machine."""
    refused = any(REFUSAL.search(text[:300]) for text in _said_by_models(draft))
    return "refusal" if refused else None


def loop(draft: Draft, most: float) -> str | None:
    """Nothing that a model said has the same three words over and over."""
    return "loop" if any(repeats(text) > most for text in _said_by_models(draft)) else None


def ratio(draft: Draft, smallest: float, largest: float) -> str | None:
    """Each translation is about as long as its original, in bytes of UTF-8."""
    for original, translation in draft.pairs:
        size = len(translation.encode()) / max(1, len(original.encode()))
        if not smallest <= size <= largest:
            return "length_ratio"
    return None


def right_language(draft: Draft, language: Language, settings: Settings) -> str | None:
    """Each turn is in the language and script that it should be in."""
    texts = [without_thought(turn["content"]) for turn in draft.row.turns]
    expected = list(zip(texts, draft.languages, strict=True))
    expected += [(original, ENGLISH) for original, _ in draft.pairs]
    for text, code in expected:
        if code is None:
            continue
        is_english = looks_english(text, settings)
        if code == ENGLISH and is_english is False:
            return "not_english"
        if code == ENGLISH:
            continue
        if not in_script(text, language.script):
            return "wrong_script"
        if is_english:
            return "english"
        if another_language(text, language, settings):
            return "wrong_language"
    return None


def without_thought(text: str) -> str:
    """The text after a well-formed `<think>` block."""
    return THOUGHT.sub("", text)


def repeats(text: str) -> float:
    """The share of the words that one phrase of three fills, 0 if it comes no more than twice."""
    words = text.split()
    phrases = Counter(zip(words, words[1:], words[2:], strict=False))
    most = max(phrases.values(), default=0)
    return 3 * most / len(words) if most > 2 else 0.0


def looks_english(text: str, settings: Settings) -> bool | None:
    """Whether it is English; None where there is no clear sign.

    CLD2 calls some languages English that it does not know: its word alone is not enough.
    """
    words = re.findall(r"[^\W\d_]+", text.lower())
    common = sum(word in ENGLISH_WORDS for word in words) / max(1, len(words))
    if sum(map(str.isalpha, text)) >= settings.identify_from and (found := identify(text)):
        if found != CLD2_ENGLISH:
            return False
        return True if common >= settings.english_words / 2 else None
    return True if len(words) >= 3 and common >= settings.english_words else None


def another_language(text: str, language: Language, settings: Settings) -> bool:
    """Whether CLD2, which has to know the language, is sure of one that is not even a relative."""
    if language.cld2 is None or sum(map(str.isalpha, text)) < settings.identify_from:
        return False
    found = identify(text, language.cld2)
    if found is None or found == language.cld2:
        return False
    return not any({found, language.cld2} <= family for family in RELATIVES)


def identify(text: str, hint: str | None = None) -> str | None:
    """CLD2's code for the text, None when it is not sure."""
    try:
        sure, _, found = pycld2.detect(CONTROL.sub("", text), bestEffort=True, hintLanguage=hint)
    except pycld2.error:
        return None
    code: str = found[0][1]
    return code if sure and code != "un" else None


def in_script(text: str, script: str) -> bool:
    """Whether most letters are of this script (ISO 15924)."""
    letters = len(_letters().findall(text))
    return letters == 0 or len(_of_script(script).findall(text)) * 2 >= letters


@cache
def _letters() -> regex.Pattern[str]:
    return regex.compile(r"\p{L}")


@cache
def _of_script(script: str) -> regex.Pattern[str]:
    one = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Hani", "Kore": "Hang"}.get(script, script)
    kana = r"\p{Script=Hira}\p{Script=Kana}" if script == "Jpan" else ""
    return regex.compile(rf"[\p{{Script={one}}}{kana}]")


def _said_by_models(draft: Draft) -> list[str]:
    """What assistants answered, and the other side of each translation."""
    answers = [turn["content"] for turn in draft.row.turns if turn["role"] == "assistant"]
    return [without_thought(text) for text in answers] + [text for text, _ in draft.pairs]
