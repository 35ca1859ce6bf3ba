"""The loss of a model on chats it was not trained on, in a unit that tokenizers share.

Nats of the assistant's words, row by row; divided by their bytes they can be compared between
models that cut words differently. Nothing here may know why it is asked for.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Chat = list[dict[str, str]]


def nats(model: Any, tokenizer: PreTrainedTokenizerBase, chats: Sequence[Chat]) -> list[float]:
    """For each chat the negative log-likelihood of the assistant's words and ends of turn."""
    import torch
    from torch.nn.functional import cross_entropy

    from recipes.train.tokenize import tokenise

    whole = sys.maxsize >> 32  # nothing is cut, or a thrifty tokenizer would be asked for more
    model.train(False)
    lost = []
    for chat in chats:
        row = tokenise(tokenizer, [chat], whole)
        if not row.input_ids:
            lost.append(0.0)
            continue
        ids, labels = (
            torch.tensor(side, device=model.device) for side in (row.input_ids, row.labels)
        )
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
        lost.append(float(cross_entropy(logits, labels[0, 1:], reduction="sum")))
    return lost


def size(chats: Sequence[Chat]) -> list[int]:
    """For each chat the bytes of what the assistant says."""
    return [
        sum(len(turn["content"].encode()) for turn in chat if turn["role"] == "assistant")
        for chat in chats
    ]


def bits_per_byte(lost: Sequence[float], sizes: Sequence[int]) -> float:
    """Of all chats together."""
    return sum(lost) / math.log(2) / max(1, sum(sizes))
