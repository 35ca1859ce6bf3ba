"""How fast training was, as a share of what the device can do (MFU), and what it drew.

Both need a device that accelerators.yaml knows: nothing here is guessed. Pure, but for reading it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Accelerator:
    """A device's dense peak in teraflops, and its board power in watts."""

    teraflops: float
    watts: float


@dataclass(frozen=True)
class Work:
    """The matrix work of a token: weights that multiply, those of them that are trained, and
    the sizes of attention."""

    weights: int
    trained: int
    layers: int
    width: int  # heads × head size


@cache
def accelerators() -> dict[str, Accelerator]:
    """The table, by the end of the device's name."""
    text = Path(__file__).with_name("accelerators.yaml").read_text(encoding="utf-8")
    return {name: Accelerator(**row) for name, row in yaml.safe_load(text).items()}


def accelerator(device: str) -> Accelerator | None:
    """The row of a device like "NVIDIA H200"."""
    found = (row for name, row in accelerators().items() if f" {device}".endswith(f" {name}"))
    return next(found, None)


def flops_per_token(work: Work, lengths: Sequence[int]) -> float:
    """Floating-point operations a token, forward and back, recomputation not counted.

    Two a weight forward, two back through it, two for its own gradient if it is trained; causal
    attention over rows of these lengths: 2 × length × width a layer forward, twice that back.
    """
    tokens = sum(lengths)
    mean = sum(length * length for length in lengths) / tokens if tokens else 0.0
    return 4 * work.weights + 2 * work.trained + 6 * work.layers * work.width * mean


def mfu(tokens_per_second: float, flops: float, device: str, count: int) -> float | None:
    """The share of the peak that was used; None for a device that is not in the table."""
    peak = accelerator(device)
    return tokens_per_second * flops / (peak.teraflops * 1e12 * count) if peak else None


def energy_kwh(seconds: float, device: str, count: int) -> float | None:
    """An upper estimate: board power all the time; None for a device that is not in the table."""
    row = accelerator(device)
    return row.watts * count * seconds / 3.6e6 if row else None
