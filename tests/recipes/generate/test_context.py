"""What a run counts as lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from recipes.core import language
from recipes.generate.context import GenerationContext
from recipes.generate.dry_run import OfflineEndpoint, RowCounter
from recipes.generate.journal.local import Journal
from recipes.generate.schema import Message
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher
from tests.recipes.generate.teacher_server import SETTINGS

ASKED = [Message(role="user", content="Saluton")]


def test_a_missing_answer_is_a_lost_row_unless_the_row_goes_on_without_it(tmp_path: Path) -> None:
    lost: list[dict[str, int]] = []

    async def ask() -> None:
        journal = Journal(tmp_path / "journal.jsonl", "epo_Latn")
        teacher = Teacher(OfflineEndpoint(), SETTINGS, journal, Budget(Price(), None))
        context = GenerationContext(teacher, language.get("epo_Latn"), 1, (), RowCounter())
        for is_row in (False, True):
            assert await context.complete_text(ASKED, is_row) is None
            lost.append(dict(context.lost))
        journal.close()

    asyncio.run(ask())
    assert not lost[0], "the card has a line for each reason in here"
    assert list(lost[1].values()) == [1]
