"""Training speed as a share of the device's peak (MFU), and an estimate of its energy.

Both need a device that is in `accelerators.yaml`; nothing is guessed for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Accelerator:
    """A device's dense peak in teraflops per second, and its board power in watts."""

    teraflops: float
    watts: float


@dataclass(frozen=True)
class ModelSize:
    """The sizes that determine the computation per token.

    All weights, the trained weights, and the dimensions of attention.
    """

    weights: int
    trained: int
    layers: int
    width: int  # heads × head size


@cache
def accelerators() -> dict[str, Accelerator]:
    """Return the table; each key is the end of a device's name."""
    text = Path(__file__).with_name("accelerators.yaml").read_text(encoding="utf-8")
    return {name: Accelerator(**row) for name, row in yaml.safe_load(text).items()}


def find_accelerator(device: str) -> Accelerator | None:
    """Return the row of a device such as "NVIDIA H200", None if it is not in the table."""
    rows = (row for name, row in accelerators().items() if f" {device}".endswith(f" {name}"))
    return next(rows, None)


def flops_per_token(size: ModelSize, lengths: Sequence[int]) -> float:
    """Return floating-point operations per token, forward and backward, without recomputation.

    Each weight takes two operations forward, two for the gradient of its input, and two for its own
    gradient if it is trained. Causal attention over rows of these lengths takes 2 × length × width
    per layer forward, and twice that backward.
    """
    tokens = sum(lengths)
    mean = sum(length * length for length in lengths) / tokens if tokens else 0.0
    return 4 * size.weights + 2 * size.trained + 6 * size.layers * size.width * mean


def mfu(tokens_per_second: float, flops: float, device: str, count: int) -> float | None:
    """Return the share of the peak that was used, None for a device that is not in the table."""
    row = find_accelerator(device)
    return tokens_per_second * flops / (row.teraflops * 1e12 * count) if row else None


def energy_kwh(seconds: float, device: str, count: int) -> float | None:
    """Return an upper bound, at full board power, None for a device that is not in the table."""
    row = find_accelerator(device)
    return row.watts * count * seconds / 3.6e6 if row else None
