"""Translations that are much longer or shorter than their original.

The paper (arXiv 2601.14051) keeps 0.75 to 25 tokens per token of the original, counted with the
base model's tokenizer; 25, because a byte-level vocabulary splits a rare script into many tokens.
With `gates.tokenizer` in the recipe, that model's tokens are counted. Without it bytes are, which
need a narrower range. A few tokens of slack spare short phrases such as "Thank you very much".
"""

from __future__ import annotations

from collections.abc import Callable

from recipes.generate.schema import Draft

TokenCount = Callable[[str], float]


def length_ratio(
    draft: Draft, count_tokens: TokenCount, allowed: tuple[float, float], slack: float
) -> str | None:
    """Reject a translation outside the allowed tokens per token of its original."""
    lowest, highest = allowed
    for original, translation in draft.pairs:
        expected, actual = count_tokens(original), count_tokens(translation)
        if not lowest * expected - slack <= actual <= highest * expected + slack:
            return "length_ratio"
    return None
