"""English conversations as they are: a share of what is trained on, so that English is not lost.

A model that is shown another language only forgets the one it knew; a few rows of that one among
the others keep it ("rehearsal", https://arxiv.org/abs/2205.12393). They cost no call: question and
answer are the corpus's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from recipes.generate.answers import row_of
from recipes.generate.harvest import Harvest
from recipes.generate.row import ENGLISH, Draft, Message
from recipes.generate.settings import Settings

SOURCE = "replay"


def rows_beside(others: int, share: float) -> int:
    """How many rows make up this share of all, when there are so many others."""
    return round(others * share / (1 - share))


def take(
    harvest: Harvest, settings: Settings, conversations: Iterable[tuple[Message, ...]]
) -> None:
    """Judge as many as go with the rows that were kept; `about` says whose they are, since no
    teacher wrote them."""
    count = rows_beside(harvest.spool.kept, settings.replay)
    for number, turns in enumerate(islice(conversations, count)):
        row = row_of(harvest, SOURCE, f"{SOURCE}/{number}", turns, settings.answers, thinking=False)
        row = replace(row, teacher="", about=settings.conversations.name)
        harvest.take(Draft(row, (ENGLISH,) * len(turns), from_corpus=True))
