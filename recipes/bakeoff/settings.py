"""The `bake_off:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class BakeoffSettings:
    """`rows` of the training split are learnt for `steps`, as the `train:` section says; `held_out`
    rows of the test split give the loss, `items` of each multiple-choice benchmark the scores."""

    candidates: list[str]
    rows: int
    steps: int
    held_out: int
    items: int


def parse(section: dict[str, Any]) -> BakeoffSettings:
    """Parse the section; raises UserError that names the key."""
    settings = build(BakeoffSettings, section, "bake_off")
    if not settings.candidates:
        raise UserError("`bake_off.candidates` in the recipe names no base to try.")
    return settings
