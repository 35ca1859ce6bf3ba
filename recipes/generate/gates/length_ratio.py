"""A translation is about as long as its original, in tokens.

The paper keeps 0.75 to 25 tokens for each of the original's, in the tokens of the student: a byte
level vocabulary takes a script that it hardly knows to pieces, hence the 25. With `tokenizer` in
the recipe these are that model's tokens. Without, the ratio is that of the bytes, narrower than the
paper's, since nothing is taken to pieces. A few tokens of slack keep "Thank you very much" from
being judged.
"""

from __future__ import annotations

from collections.abc import Callable

from recipes.generate.schema import Draft

Counter = Callable[[str], float]


def ratio(draft: Draft, count: Counter, between: tuple[float, float], slack: float) -> str | None:
    """Each translation has so many tokens for one of its original's."""
    smallest, largest = between
    for original, translation in draft.pairs:
        had, has = count(original), count(translation)
        if not smallest * had - slack <= has <= largest * had + slack:
            return "length_ratio"
    return None
