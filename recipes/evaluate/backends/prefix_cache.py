"""What all prompts of a task begin with, above all the shots, is read once for all of them.

Only where the model keeps plain keys and values: a cache that slides or that holds a state cannot
be handed on, and then every prompt is read whole. Nothing of that may change an answer.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel


@dataclass(frozen=True)
class Prefix:
    """Tokens that every prompt begins with, and what the model made of them."""

    ids: list[int]
    cache: Cache | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def of_batch(self, rows: int) -> Cache | None:
        """A copy for so many prompts: what follows is written into it."""
        if self.cache is None:
            return None
        own = copy.deepcopy(self.cache)
        own.batch_repeat_interleave(rows)
        return own


def read(model: PreTrainedModel, prompts: Sequence[list[int]]) -> Prefix:
    """Let the model read what the prompts share; something of each prompt is always left over."""
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    shared = list(commonprefix(prompts))[: min(map(len, prompts)) - 1]
    if not shared:
        return Prefix([])
    with torch.inference_mode():
        ids = torch.tensor([shared], device=model.device)
        cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
    plain = type(cache) is DynamicCache and all(
        type(layer) is DynamicLayer for layer in cache.layers
    )
    return Prefix(shared, cache) if plain else Prefix([])
