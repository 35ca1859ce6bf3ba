"""Parse `evaluate.benchmarks` of a recipe. The fields are its keys."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from recipes.core.schema import build
from recipes.validation.models import Partial, given, rule, strict_with
from recipes.validation.ranges import Count, PositiveCount, Text

Direction = Literal["from_english", "into_english"]
Normalise = Literal["none", "tokens", "characters"]


@dataclass(frozen=True)
class ShotSettings:
    """How many rows of a split come before each question, as earlier turns of the chat."""

    __pydantic_config__ = strict_with(
        rule(
            given("count", {"exclusiveMinimum": 0}),
            given("split", {"minLength": 1}),
            "shots need the name of a split",
        )
    )

    count: Count
    split: str


@dataclass(frozen=True)
class QuestionSettings:
    """How a benchmark is asked; its reader in table.py names the fields that a prompt may have."""

    dataset: Text
    revision: Text
    """A branch, a tag or a commit; its commit is recorded."""
    split: Text
    prompt: str = ""
    prompts: dict[Direction, str] = field(default_factory=dict)
    """The prompts of the two directions of a translation."""
    options: dict[str, str] = field(default_factory=dict)
    """The recipe's name for each category."""
    answer: str = "{option}"
    """The template of an option as an answer."""
    configs: dict[str, str] = field(default_factory=dict)
    """Our language codes and the dataset's config names, where they differ."""
    limit: PositiveCount | None = None
    """Questions, at most."""
    shots: ShotSettings = ShotSettings(0, "")
    normalise: Normalise | None = None
    """Replaces `evaluate.choice.normalise`."""
    text_columns: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Columns whose texts no training row may overlap with; replaces those of table.py."""
    quotable: bool = False
    """Whether its texts may be on cards. FLORES+ asks to keep its texts away from crawlers."""


@dataclass(frozen=True)
class BenchmarkSettings(QuestionSettings):
    """How a benchmark is asked in the language, and in English."""

    english: Annotated[dict[str, Any], Partial(QuestionSettings)] | None = None
    """Settings that differ for the same test in English; null skips it."""

    def in_english(self) -> BenchmarkSettings | None:
        """Return the settings of the same test in English; None if there is none."""
        if self.english is None:
            return None
        values = {**asdict(self), **self.english, "english": None}
        return build(BenchmarkSettings, values, "evaluate.benchmarks")


def parse(section: object) -> dict[str, BenchmarkSettings]:
    """Parse the settings of each benchmark; raise UserError for an unknown key or a wrong value."""
    return build(dict[str, BenchmarkSettings], section or {}, "evaluate.benchmarks")
