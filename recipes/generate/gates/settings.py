"""The settings of the gates: `generate.gates` of the recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from recipes.validation.ranges import Count, PositiveAmount, PositiveCount, Share, Text

HAS_LETTER: Any = {"pattern": r"[^*\s]", "errorMessage": "write a word"}


def _check_word(text: str) -> str:
    """Check that a form has a letter: a form without one would match everywhere."""
    if not re.search(HAS_LETTER["pattern"], text):
        raise ValueError("has no letter; write a word")
    return text.strip()


Word = Annotated[str, AfterValidator(_check_word), Field(json_schema_extra={"allOf": [HAS_LETTER]})]


@dataclass(frozen=True)
class GlossaryTerm:
    """A line of a community's glossary."""

    english: Annotated[Word, Field(alias="term")]
    translation: Annotated[Word, Field(alias="say")]
    avoided: Annotated[tuple[Word, ...], Field(alias="not")] = ()


@dataclass(frozen=True)
class GateSettings:
    """What the gates let pass."""

    identify_from: Count
    """Letters that a text needs for language identification."""
    english_words: Share
    """The share (0 to 1) of English function words from which a text counts as English."""
    english_run: PositiveCount
    """Words that a sentence needs before it can count as English."""
    ratio: tuple[PositiveAmount, PositiveAmount]
    """The lowest and highest number of tokens of a translation per token of its original."""
    slack: Count
    """Tokens that a translation may be outside of the ratio."""
    tokenizer: Text | None
    """The model that counts the tokens; null counts bytes."""
    loop: Share
    """The share (0 to 1) of a text that may repeat earlier text."""
    cut_tail: Count
    """Letters after the last full stop from which an answer without one was cut off."""
    learn_refusals: bool
    """Whether the teacher is asked once how it declines in the language."""
    profile: Count
    """Letters of text that a trigram profile needs; 0 learns none."""
    glossary: tuple[GlossaryTerm, ...] = ()
    """A community's terms."""
    forbidden: tuple[Word, ...] = ()
    """Forms that a community rejects."""

    @property
    def own(self) -> Mapping[str, Any]:
        """The settings of gates with a section of their own, by the gate's name."""
        return vars(self)
