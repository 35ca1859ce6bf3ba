"""What of a row the gates look at: without its reasoning, without code, and who said it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from recipes.generate.schema import Draft

THOUGHT = re.compile(r"\A<think>\n.+?\n</think>\n\n(?=\S)", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
URL = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]{}\"'`]+", re.IGNORECASE)
ADDRESS = re.compile(rf"{URL.pattern}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
NAME_LETTERS = 12  # a name or an abbreviation may stand alone in Latin letters
QUOTED = re.compile(
    r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|\"[^\"\n]*\"|「[^「」]*」|『[^『』]*』|《[^《》]*》|\([^()\n]*\)|（[^（）\n]*）"
)


def has_any(text: str, signs: Sequence[str]) -> bool:
    """Whether one of the signs stands in the text: far sooner known than what a pattern finds."""
    for sign in signs:  # `any` would take as long to begin as this to end
        if sign in text:
            return True
    return False


def without_thought(text: str) -> str:
    """The text after a well-formed `<think>` block."""
    return THOUGHT.sub("", text) if text.startswith("<think>") else text


@lru_cache(maxsize=64)
def prose(text: str) -> str:
    """The text without reasoning, code, formulas and addresses: what is in a human language."""
    text = without_thought(text)
    if "`" in text:
        text = CODE.sub(" ", text)
    if "://" in text or "www." in text:
        text = URL.sub(" ", text)
    return FORMULA.sub(" ", text) if "$" in text or "\\" in text else text


def unquoted(text: str) -> str:
    """The text without what stands in quotation marks or brackets, where other languages may."""
    return QUOTED.sub(" ", text)


def said_by_models(draft: Draft) -> list[str]:
    """What assistants answered, and the English that they made of a text."""
    answers = [turn["content"] for turn in draft.row.turns if turn["role"] == "assistant"]
    said = [without_thought(text) for text in answers]
    return said if draft.from_corpus else said + [text for text, _ in draft.pairs]


def given(draft: Draft) -> str:
    """All that the teacher was given: the user's turns, or the originals of translations."""
    if draft.pairs:
        original = 0 if draft.from_corpus else 1
        return "\n".join(pair[original] for pair in draft.pairs)
    return "\n".join(turn["content"] for turn in draft.row.turns if turn["role"] == "user")
