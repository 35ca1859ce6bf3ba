"""How a base's tokenizer takes the language, beside how it takes English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PIECE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Fertility:
    """`times`: tokens for the same sentences, as many times as in English (tokens a letter where
    there is no English original); `bytes`: share of tokens that are only a piece of a letter."""

    times: float
    bytes: float


def fertility(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], english: Sequence[str]
) -> Fertility:
    """Count over all texts; `english` holds the same sentences in the same order, or none."""
    tokens = [token for text in texts for token in _tokens(tokenizer, text)]
    originals = sum(len(_tokens(tokenizer, text)) for text in english)
    measure = originals if english else sum(map(len, texts))
    pieces = sum(PIECE in tokenizer.decode([token]) for token in tokens)
    return Fertility(len(tokens) / max(1, measure), pieces / max(1, len(tokens)))


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
