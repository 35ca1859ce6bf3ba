"""The loss of a model on held-out chats, in units that can be compared between tokenizers.

Losses are in nats for each chat; divided by the bytes of the answers, they can be compared between
models with different tokenizers. This module must not know what its result is used for.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recipes.train.tokenize import Message, tokenize_chats

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Chat = list[Message]


def nats(model: Any, tokenizer: PreTrainedTokenizerBase, chats: Sequence[Chat]) -> list[float]:
    """Return each chat's negative log-likelihood of the answers and their end-of-turn tokens."""
    import torch
    from torch.nn.functional import cross_entropy

    unlimited = sys.maxsize >> 32  # truncation would favour tokenizers that need more tokens
    model.train(False)
    losses = []
    for chat in chats:
        row = tokenize_chats(tokenizer, [chat], unlimited)
        if not row.input_ids:
            losses.append(0.0)
            continue
        ids, labels = (
            torch.tensor(values, device=model.device) for values in (row.input_ids, row.labels)
        )
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
        losses.append(float(cross_entropy(logits, labels[0, 1:], reduction="sum")))
    return losses


def answer_bytes(chats: Sequence[Chat]) -> list[int]:
    """Return each chat's number of bytes (UTF-8) in the assistant's turns."""
    return [
        sum(len(turn["content"].encode()) for turn in chat if turn["role"] == "assistant")
        for chat in chats
    ]


def bits_per_byte(losses: Sequence[float], sizes: Sequence[int]) -> float:
    """Return the loss of all chats together; `losses` in nats, `sizes` in bytes."""
    return sum(losses) / math.log(2) / max(1, sum(sizes))
