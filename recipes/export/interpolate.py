"""From the base's weights to the tuned ones, only as far as English is kept.

Interpolating weights (WiSE-FT, https://arxiv.org/abs/2109.01903) works for whatever was trained:
low-rank matrices, magnitudes, embeddings, everything. Nothing here may know of the Hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

State = dict[str, "Tensor"]


@dataclass(frozen=True)
class Loss:
    """Bits a byte on held-out chats at a share of the way; share 0 is the base."""

    share: float
    target: float
    english: float


@dataclass(frozen=True)
class Choice:
    """The share that is taken, and whether English is kept as well as was asked for."""

    share: float
    kept: bool


def choose(base: Loss, tried: Sequence[Loss], worse: float) -> Choice:
    """The best in the language of those that keep English; the mildest when none does."""
    keeping = [loss for loss in tried if loss.english <= base.english * (1 + worse)]
    if not keeping:
        return Choice(min(loss.share for loss in tried), kept=False)
    return Choice(min(keeping, key=lambda loss: (loss.target, loss.share)).share, kept=True)


def state(model: Any) -> State:
    """A copy of the weights, each tensor once however often it is tied."""
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def between(model: Any, base: State, tuned: State, share: float) -> None:
    """Set the model's weights to base + share × (tuned - base)."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.lerp(base[name].float(), tuned[name].float(), share))


def alike(base: State, tuned: State) -> Iterable[str]:
    """Names that only one of the two has: a base that is not the adapter's."""
    return sorted(base.keys() ^ tuned.keys())
