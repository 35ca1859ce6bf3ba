"""The `bake_off:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class BakeOffSettings:
    """Candidates are trained for `steps` on `rows` of the training split, as `train:` says.

    `held_out` rows of the test split measure the loss, `items` of each multiple-choice benchmark
    the accuracy.
    """

    candidates: list[str]
    rows: int
    steps: int
    held_out: int
    items: int


def parse(section: dict[str, Any]) -> BakeOffSettings:
    """Parse the section; raise UserError that names the key."""
    settings = build(BakeOffSettings, section, "bake_off")
    if not settings.candidates:
        raise UserError("`bake_off.candidates` in the recipe must name at least one base.")
    return settings
