"""Replay: how many English rows there are, what they say of their origin, and the gates."""

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
Turns = tuple[Message, ...]


class RowList:
    """A list of rows with their reasons."""

    def __init__(self, kept: int) -> None:
        self.kept, self.dropped = kept, 0
        self.rows: list[tuple[Row, str | None]] = []

    def add(self, row: Row, reason: str | None = None, label: str | None = None) -> None:
        """Add a row."""
        self.rows.append((row, reason))


def settings(**more: Any) -> GenerateSettings:
    """Return the settings of the practice recipe, with changes."""
    return parse({**SECTION, **more})


def chat(*texts: str) -> Turns:
    """Turns of user and assistant."""
    roles = ("user", "assistant") * len(texts)
    return tuple(
        Message(role=role, content=text)  # type: ignore[typeddict-item]
        for role, text in zip(roles, texts, strict=False)
    )


def replayed(
    folder: Path, kept: int, chats: Sequence[Turns], **more: Any
) -> list[tuple[Row, str | None]]:
    """Return the rows that are added beside so many kept rows."""
    changed, rows = settings(**more), RowList(kept)

    async def add() -> None:  # the context needs a teacher, which is not called
        journal = Journal(folder / "journal.jsonl", EPO.code)
        teacher = Teacher(OfflineEndpoint(), changed.teacher, journal, Budget(Price(), None))
        context = GenerationContext(teacher, EPO, 1, build_gates(changed.gates, EPO), rows)
        corpus = changed.conversations.name
        share = changed.sources[replay.SOURCE]
        replay.add_rows(context, chats, share, corpus, changed.answers)
        journal.close()

    asyncio.run(add())
    return rows.rows


GOOD = [chat(f"How many legs do {n} horses have?", f"They have {4 * n} legs.") for n in range(50)]


@pytest.mark.parametrize(("kept", "share", "rows"), [(95, 0.05, 5), (0, 0.5, 0), (9, 0, 0)])
def test_the_share_is_that_of_all_rows(tmp_path: Path, kept: int, share: float, rows: int) -> None:
    assert len(replayed(tmp_path, kept, GOOD, replay=share)) == rows


def test_rows_name_their_corpus_and_have_a_system_prompt(tmp_path: Path) -> None:
    answers = {**SECTION["answers"], "system_prompts": True, "thinking": True}
    for row, reason in replayed(tmp_path, 95, GOOD, replay=0.05, answers=answers):
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
def test_english_goes_through_the_gates(tmp_path: Path, turns: Turns, reason: str) -> None:
    assert [reason for _, reason in replayed(tmp_path, 1, [turns], replay=0.5)] == [reason]


@pytest.mark.parametrize("share", [1, -0.1])
def test_a_share_of_everything_is_refused(share: float) -> None:
    with pytest.raises(UserError, match="generate.replay: .* out of range"):
        settings(replay=share)
