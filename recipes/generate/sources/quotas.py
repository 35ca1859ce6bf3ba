"""Divide a number of rows among the branches of a tree, before any answer is there.

With a limit, the same rows are made in whatever order answers come, and no answer goes unused.
"""

from __future__ import annotations


def split_quota(quota: int, branches: int, portion: int, at_most: int) -> list[int]:
    """Divide rows among branches as evenly as whole portions allow, with a maximum for each."""
    if not branches or not portion:
        return [0] * branches
    each, extra = divmod(-(-quota // portion), branches)
    shares = []
    for number in range(branches):
        share = min(quota, (each + (number < extra)) * portion, at_most)
        shares.append(share)
        quota -= share
    return shares


def capacity(levels: tuple[int, ...], portion: int) -> int:
    """Return how many rows a node can give, with these numbers of children per level below it."""
    return portion * (1 + (levels[0] * capacity(levels[1:], 1) if levels else 0))
