"""Compute the keys and values of the prefix that all prompts of a task share only once.

This works only for models with plain key-value caches; sliding windows and recurrent states cannot
be continued, so their prompts are computed whole. The outputs are the same either way.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel


@dataclass(frozen=True)
class Prefix:
    """The tokens that all prompts start with, and their cache; None without a usable one."""

    ids: list[int]
    cache: Cache | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def copy_for(self, rows: int) -> Cache | None:
        """Return a copy for a batch of `rows` prompts, which the model writes to."""
        if self.cache is None:
            return None
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(rows)
        return cache

    def preallocated_for(self, rows: int, tokens: int, model: PreTrainedModel) -> Cache | None:
        """Return a copy for a batch of `rows` prompts with room for `tokens` in each.

        A cache that grows is copied whole at every token, which takes more than a third of the
        time of generating.
        """
        from transformers import StaticCache

        if self.cache is None:
            return None
        cache = StaticCache(model.config, max_cache_len=tokens)
        layers: Any = self.cache.layers  # `compute` made sure that they have keys and values
        for number, layer in enumerate(layers):
            keys, values = (part.repeat_interleave(rows, 0) for part in (layer.keys, layer.values))
            cache.update(keys, values, number)
        return cache


def compute(model: PreTrainedModel, prompts: Sequence[list[int]]) -> Prefix:
    """Run the model on the shared prefix; at least one token of each prompt is left out of it."""
    import torch
    from transformers.cache_utils import DynamicCache, DynamicLayer

    shared = list(commonprefix(prompts))[: min(map(len, prompts)) - 1]
    if not shared:
        return Prefix([])
    with torch.inference_mode():
        ids = torch.tensor([shared], device=model.device)
        cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
    is_plain = type(cache) is DynamicCache and all(
        type(layer) is DynamicLayer for layer in cache.layers
    )
    return Prefix(shared, cache) if is_plain else Prefix([])
