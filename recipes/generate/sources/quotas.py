"""How many rows each branch of a tree may give: decided from above, before any answer is there.

So a limit chooses the same rows in whatever order the answers come, and nothing is asked for that
would not be used.
"""

from __future__ import annotations


def deal(quota: int, branches: int, portion: int, most: int) -> list[int]:
    """Deal `quota` rows out to `branches` as evenly as whole portions go, `most` to each."""
    if not branches or not portion:
        return [0] * branches
    each, more = divmod(-(-quota // portion), branches)
    dealt = []
    for number in range(branches):
        mine = min(quota, (each + (number < more)) * portion, most)
        dealt.append(mine)
        quota -= mine
    return dealt


def capacity(levels: tuple[int, ...], portion: int) -> int:
    """How many rows a node with these levels below it gives when every answer is good."""
    return portion * (1 + (levels[0] * capacity(levels[1:], 1) if levels else 0))
