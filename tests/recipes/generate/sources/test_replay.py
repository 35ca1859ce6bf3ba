"""English beside the language: how much of it, which, and what is said of where it is from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from recipes.core import language
from recipes.core.config import load
from recipes.core.errors import UserError
from recipes.generate.context import GenerationContext
from recipes.generate.dry_run import OfflineEndpoint
from recipes.generate.gates import build_gates
from recipes.generate.journal.local import Journal
from recipes.generate.schema import Message, Row
from recipes.generate.settings import GenerateSettings, parse
from recipes.generate.sources import replay
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher

SECTION = load("practice", "o", "epo_Latn").generate
EPO = language.get("epo_Latn")
Chat = tuple[Message, ...]


class Sink:
    """Rows as they were judged."""

    def __init__(self, kept: int) -> None:
        self.kept, self.dropped = kept, 0
        self.rows: list[tuple[Row, str | None]] = []

    def add(self, row: Row, reason: str | None = None) -> None:
        """Take one."""
        self.rows.append((row, reason))


def settings(**more: Any) -> GenerateSettings:
    """Those of the practice recipe, with changes."""
    return parse({**SECTION, **more})


def chat(*said: str) -> Chat:
    """Turns of user and assistant."""
    roles = ("user", "assistant") * len(said)
    return tuple(
        Message(role=role, content=text)  # type: ignore[typeddict-item]
        for role, text in zip(roles, said, strict=False)
    )


def taken(
    folder: Path, kept: int, chats: Sequence[Chat], **more: Any
) -> list[tuple[Row, str | None]]:
    """What is taken beside so many rows that were kept."""
    numbers, sink = settings(**more), Sink(kept)

    async def take() -> None:  # a teacher has to be there, and is not asked
        journal = Journal(folder / "journal.jsonl", EPO.code)
        teacher = Teacher(OfflineEndpoint(), numbers.teacher, journal, Budget(Price(), None))
        context = GenerationContext(teacher, EPO, 1, build_gates(numbers.gates, EPO), sink)
        corpus = numbers.conversations.name
        replay.take(context, chats, numbers.replay, corpus, numbers.answers)
        journal.close()

    asyncio.run(take())
    return sink.rows


GOOD = [chat(f"How many legs do {n} horses have?", f"They have {4 * n} legs.") for n in range(50)]


@pytest.mark.parametrize(("kept", "share", "rows"), [(95, 0.05, 5), (0, 0.5, 0), (9, 0, 0)])
def test_the_share_is_that_of_all_rows(tmp_path: Path, kept: int, share: float, rows: int) -> None:
    assert len(taken(tmp_path, kept, GOOD, replay=share)) == rows


def test_rows_say_whose_they_are_and_what_their_mode_is(tmp_path: Path) -> None:
    answers = {**SECTION["answers"], "system_prompts": True, "thinking": True}
    for row, reason in taken(tmp_path, 95, GOOD, replay=0.05, answers=answers):
        assert reason is None
        assert (row.source, row.teacher) == ("replay", "")
        assert row.about == "o/kakugo-practice-corpus conversations train"
        assert [turn["role"] for turn in row.messages] == ["system", "user", "assistant"]
        assert row.turns in GOOD and "oncise" in row.messages[0]["content"]


FRENCH = "La ville est pleine de gens qui viennent de partout pour voir les musées et les parcs."


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (chat("What is new in town, and why do so many people come?", FRENCH), "not_english"),
        (chat("Hi", "Hello", "And?"), "bad_turns"),
        (
            chat("Where do I read more?", "You will find all of it at www.made.up/x."),
            "invented_url",
        ),
        (chat("Say it.", " ".join(["round and round we go"] * 20)), "loop"),
        (chat("Do it.", "I'm sorry, but as an AI language model I cannot do that."), "refusal"),
    ],
)
def test_english_goes_through_the_gates(tmp_path: Path, turns: Chat, reason: str) -> None:
    assert [found for _, found in taken(tmp_path, 1, [turns], replay=0.5)] == [reason]


@pytest.mark.parametrize("share", [1, -0.1])
def test_a_share_of_everything_is_refused(share: float) -> None:
    with pytest.raises(UserError, match="share of the rows"):
        settings(replay=share)
