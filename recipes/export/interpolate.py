"""Interpolate from the base's weights to the tuned ones, as far as English is kept.

Interpolating weights (WiSE-FT, https://arxiv.org/abs/2109.01903) works for any kind of training:
low-rank matrices, magnitudes, embeddings or all weights. This module must not access the Hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Weights = dict[str, "Tensor"]


@dataclass(frozen=True)
class ShareLoss:
    """Bits per byte on held-out chats, in the language and in English; share 0 is the base."""

    share: float
    target: float
    english: float


@dataclass(frozen=True)
class ShareChoice:
    """The share to export, and whether it keeps English as the recipe demands."""

    share: float
    keeps_english: bool


def choose_share(base: ShareLoss, tried: Sequence[ShareLoss], worse: float) -> ShareChoice:
    """Choose the best share in the language among those that keep English, else the smallest."""
    keeping = [loss for loss in tried if loss.english <= base.english * (1 + worse)]
    if not keeping:
        return ShareChoice(min(loss.share for loss in tried), keeps_english=False)
    best = min(keeping, key=lambda loss: (loss.target, loss.share))
    return ShareChoice(best.share, keeps_english=True)


def copy_weights(model: Any) -> Weights:
    """Return a copy of the weights; tied tensors are copied once."""
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def interpolate(model: Any, base: Weights, tuned: Weights, share: float) -> None:
    """Set the model's weights to base + share × (tuned - base)."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.lerp(base[name].float(), tuned[name].float(), share))


def unmatched_names(base: Weights, tuned: Weights) -> list[str]:
    """Return the names that only one of them has; there are none if the base is the adapter's."""
    return sorted(base.keys() ^ tuned.keys())
