"""The `bake_off:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.refusal import Refusal
from recipes.section import build


@dataclass(frozen=True)
class Settings:
    """`rows` of the training split are learnt for `steps`, as the `train:` section says; `held_out`
    rows of the test split give the loss, `items` of each multiple-choice benchmark the scores."""

    candidates: list[str]
    rows: int
    steps: int
    held_out: int
    items: int


def parse(section: dict[str, Any]) -> Settings:
    """Parse the section; raises Refusal that names the key."""
    settings = build(Settings, section, "bake_off")
    if not settings.candidates:
        raise Refusal("`bake_off.candidates` in the recipe names no base to try.")
    return settings
