"""The `bake_off:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from recipes.core.schema import build
from recipes.validation.ranges import PositiveCount, Text


@dataclass(frozen=True)
class BakeOffSettings:
    """Candidates are trained briefly, as `train:` says, and compared."""

    candidates: Annotated[list[Text], Field(min_length=1)]
    """The base models for every language."""
    rows: PositiveCount
    """Rows of the training split to train on."""
    steps: PositiveCount
    held_out: PositiveCount
    """Rows of the test split that measure the loss."""
    items: PositiveCount
    """Items of each multiple-choice benchmark that measure the accuracy."""
    adapted: dict[Text, list[Text]] = field(default_factory=dict)
    """More base models, each with the codes of the languages that it was adapted to."""

    def bases(self, language: str) -> list[str]:
        """Return the base models to compare for a language, each once."""
        adapted = [base for base, languages in self.adapted.items() if language in languages]
        return list(dict.fromkeys((*self.candidates, *adapted)))


def parse(section: object) -> BakeOffSettings:
    """Parse the section; raise UserError that starts with a path."""
    return build(BakeOffSettings, section, "bake_off")
