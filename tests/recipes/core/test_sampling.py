"""Rows are drawn from all of a dataset."""

from __future__ import annotations

from recipes.core.sampling import sample


def test_a_sample_has_chats_of_all_sources() -> None:
    """A dataset has 200 rows of topics before the first of the others."""
    chats = [[{"role": "user", "content": f"{name} {n}"}]
             for name in ("topics", "pairs", "replay") for n in range(200)]  # fmt: skip
    drawn = sample(chats, 256, seed=1)
    assert drawn == sample(chats, 256, seed=1) and len(drawn) == 256
    assert {chat[0]["content"].split()[0] for chat in drawn} == {"topics", "pairs", "replay"}
    assert sorted(map(str, sample(chats, 999, seed=1))) == sorted(map(str, chats))
