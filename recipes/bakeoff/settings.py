"""The `bake_off:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from recipes.core.schema import build
from recipes.validation.ranges import PositiveCount, Text


@dataclass(frozen=True)
class BakeOffSettings:
    """Candidates are trained briefly, as `train:` says, and compared."""

    candidates: Annotated[list[Text], Field(min_length=1)]
    """The base models."""
    rows: PositiveCount
    """Rows of the training split to train on."""
    steps: PositiveCount
    held_out: PositiveCount
    """Rows of the test split that measure the loss."""
    items: PositiveCount
    """Items of each multiple-choice benchmark that measure the accuracy."""


def parse(section: object) -> BakeOffSettings:
    """Parse the section; raise UserError that starts with a path."""
    return build(BakeOffSettings, section, "bake_off")
