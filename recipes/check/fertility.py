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
    """`times`: tokens for the same sentences, as many times as in English; `bytes`: share of tokens
    that are only a piece of a letter; each None where there is nothing to count."""

    times: float | None
    bytes: float | None
    a_letter: float


def fertility(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], english: Sequence[str]
) -> Fertility:
    """Count over all texts; `english` holds the same sentences in the same order, or none."""
    tokens = [token for text in texts for token in _tokens(tokenizer, text)]
    originals = sum(len(_tokens(tokenizer, text)) for text in english)
    pieces = sum(PIECE in tokenizer.decode([token]) for token in tokens)
    return Fertility(
        times=len(tokens) / originals if tokens and originals else None,
        bytes=pieces / len(tokens) if tokens else None,
        a_letter=len(tokens) / max(1, sum(map(len, texts))),
    )


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
