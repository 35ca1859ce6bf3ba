"""Some chats of the training data become the second questions of others."""

from __future__ import annotations

import pytest

from recipes.train.joined_chats import Chat, join_chats


def chat(number: int, system: str = "") -> Chat:
    first = [{"role": "system", "content": system}] if system else []
    return [
        *first,
        {"role": "user", "content": f"{number}?"},
        {"role": "assistant", "content": f"{number}."},
    ]


def turns(chats: list[Chat]) -> list[str]:
    return sorted(turn["content"] for each in chats for turn in each if turn["role"] != "system")


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_no_turn_is_lost_and_a_share_of_the_chats_gets_longer(share: float) -> None:
    chats = [chat(number) for number in range(1000)]
    joined = join_chats(chats, share, seed=1)
    assert turns(joined) == turns(chats)
    assert {len(each) for each in joined} <= {2, 4, 6}
    longer = sum(len(each) > 2 for each in joined)
    assert longer == pytest.approx(share * len(joined), abs=30)
    assert all(turn["role"] == ("user", "assistant")[n % 2] for each in joined
               for n, turn in enumerate(each))  # fmt: skip
    assert joined == join_chats(chats, share, seed=1) != join_chats(chats, share, seed=2)


def test_a_system_prompt_stays_at_the_beginning_and_is_the_same_for_all_turns() -> None:
    chats = [chat(number, ("", "Be brief.", "Think.")[number % 3]) for number in range(300)]
    joined = join_chats(chats, 1.0, seed=1)
    assert turns(joined) == turns(chats) and any(len(each) > 5 for each in joined)
    prompts = {turn["content"]: each[0]["content"] for each in chats for turn in each[-2:]}
    for each in joined:
        system = each[0]["content"] if each[0]["role"] == "system" else None
        rest = each[1:] if system else each
        assert all(turn["role"] != "system" for turn in rest)
        own = {prompts[turn["content"]] for turn in rest}
        assert own == {system} if system else own.isdisjoint({"Be brief.", "Think."})
