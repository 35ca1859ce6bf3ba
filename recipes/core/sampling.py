"""Draw rows at random: the first ones of a dataset are often alike."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def sample(rows: Sequence[T], count: int, seed: int) -> list[T]:
    """Return up to `count` rows of all sources: datasets have their rows source by source."""
    return Random(seed).sample(rows, min(count, len(rows)))
