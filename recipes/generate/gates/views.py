"""The parts of a row that the gates look at: by speaker, without reasoning or code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from recipes.generate.schema import Draft

REASONING = re.compile(r"\A<think>\n.+?\n</think>\n\n(?=\S)", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
URL = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]{}\"'`]+", re.IGNORECASE)
ADDRESS = re.compile(rf"{URL.pattern}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
# A formula contains no other opening: searching for an end after each of many openings would take
# too long. `\\[4pt]`, which ends a line within a formula, opens none.
_OPENING = r"(?<!\\)\\"
FORMULA = re.compile(
    r"\$\$.+?\$\$|\$[^$\n]+\$"
    rf"|{_OPENING}\((?:(?!{_OPENING}\().)+?\\\)|{_OPENING}\[(?:(?!{_OPENING}\[).)+?\\\]",
    re.DOTALL,
)
MAX_NAME_LETTERS = 12  # a name or an abbreviation may be in Latin letters in any text
QUOTED = re.compile(
    r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|\"[^\"\n]*\"|「[^「」]*」|『[^『』]*』|《[^《》]*》|\([^()\n]*\)|（[^（）\n]*）"
)


def contains_any(text: str, hints: Sequence[str]) -> bool:
    """Whether the text contains one of the hints; much faster than a pattern."""
    for hint in hints:  # starting `any` would take as long as all of this
        if hint in text:
            return True
    return False


def without_reasoning(text: str) -> str:
    """Return the text after a well-formed `<think>` block."""
    return REASONING.sub("", text) if text.startswith("<think>") else text


@lru_cache(maxsize=64)
def prose(text: str) -> str:
    """Return the text without reasoning, code, formulas and addresses."""
    text = without_reasoning(text)
    if "`" in text:
        text = CODE.sub(" ", text)
    if "://" in text or "www." in text:
        text = URL.sub(" ", text)
    return FORMULA.sub(" ", text) if "$" in text or "\\" in text else text


def unquoted(text: str) -> str:
    """Return the text without quotations and brackets, which may be in another language."""
    return QUOTED.sub(" ", text)


def model_texts(draft: Draft) -> list[str]:
    """Return the assistant's turns, and the English that the teacher translated a text into."""
    answers = [turn["content"] for turn in draft.row.turns if turn["role"] == "assistant"]
    texts = [without_reasoning(text) for text in answers]
    return texts if draft.from_corpus else texts + [english for english, _ in draft.pairs]


def given_text(draft: Draft) -> str:
    """Return what the teacher was given: the user's turns, or the originals of translations."""
    if draft.pairs:
        original = 0 if draft.from_corpus else 1
        return "\n".join(pair[original] for pair in draft.pairs)
    return "\n".join(turn["content"] for turn in draft.row.turns if turn["role"] == "user")
