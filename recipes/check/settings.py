"""Parse the `check:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from recipes.core.schema import build
from recipes.validation.ranges import Amount, Count, PositiveAmount, PositiveCount, Share, Text

Score = Annotated[float, Field(ge=0, le=100)]


@dataclass(frozen=True)
class Thresholds:
    """Minimum shares (0 to 1) and chrF++ (0 to 100), and maximums for the tokenizer.

    The default of each accepts everything.
    """

    script: Share = 0.0
    """The share of answers in the language's script."""
    language: Share = 0.0
    """The share of answers that are identified as the language."""
    structured: Share = 0.0
    """The share of answers in the requested format."""
    answered: Share = 0.0
    """The share of calls with an answer."""
    chrf: Score = 0.0
    """chrF++ of translations into the language."""
    round_trip: Score = 0.0
    """chrF++ of translations into the language and back."""
    fertility: Amount = 1e9
    """At most so many tokens relative to English."""
    bytes: Share = 1.0
    """At most this share of tokens that are only part of a character."""


@dataclass(frozen=True)
class ReferenceDataset:
    """A split with sentences and their English originals, joined by `id`."""

    dataset: Text
    split: Text
    configs: dict[str, str] = field(default_factory=dict)
    """Our language codes and the dataset's config names, where they differ."""


@dataclass(frozen=True)
class CheckSettings:
    """What to ask before data is generated, and how to judge the answers."""

    known: ReferenceDataset
    sentences: PositiveCount
    """Sentences to translate."""
    lists: Count
    """Lists to write."""
    minutes: PositiveAmount
    """What is not answered by then counts as unanswered."""
    hopeless: Thresholds = Thresholds()
    """Languages below these are not trained."""
    doubtful: Thresholds = Thresholds()
    """Languages below these get a warning."""
    bases: list[Text] = field(default_factory=list)
    """More base models whose tokenizers are measured."""


def parse(section: object) -> CheckSettings:
    """Parse the section; raise UserError that starts with a path."""
    return build(CheckSettings, section, "check")
