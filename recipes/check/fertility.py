"""Measure how well a base's tokenizer fits the language, compared with English."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PART_OF_CHARACTER = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class TokenizerFit:
    """How a tokenizer splits a language.

    `fertility` is the number of tokens divided by that of the same sentences in English (the
    premium of Petrov et al., 2023, arXiv 2305.15425), `bytes` the share of tokens that are only
    part of a character; both are None if there is nothing to count.
    """

    fertility: float | None
    bytes: float | None
    tokens_per_character: float


def measure(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], english: Sequence[str]
) -> TokenizerFit:
    """Count the tokens of all texts; `english` holds the same sentences, or is empty."""
    tokens = [token for text in texts for token in _tokens(tokenizer, text)]
    english_tokens = sum(len(_tokens(tokenizer, text)) for text in english)
    parts = sum(PART_OF_CHARACTER in tokenizer.decode([token]) for token in tokens)
    return TokenizerFit(
        fertility=len(tokens) / english_tokens if tokens and english_tokens else None,
        bytes=parts / len(tokens) if tokens else None,
        tokens_per_character=len(tokens) / max(1, sum(map(len, texts))),
    )


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
