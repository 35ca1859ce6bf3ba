"""English conversations as they are, so that the model keeps its English.

A model that is trained on another language alone forgets the one it knew; a few rows of that one
prevent it ("rehearsal", https://arxiv.org/abs/2205.12393). They cost no call: prompt and response
are those of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from recipes.generate.context import GenerationContext
from recipes.generate.schema import ENGLISH, Draft, Message
from recipes.generate.sources import responses
from recipes.generate.teacher.workers import Work

SOURCE = "replay"


def row_count(other_rows: int, share: float) -> int:
    """Return the number of rows that make up this share (0..1) of all rows."""
    return round(other_rows * share / (1 - share))


def root_work(
    context: GenerationContext,
    share: float,
    response_settings: responses.ResponseSettings,
    conversations: Iterable[tuple[Message, ...]],
    corpus: str,
) -> Iterator[Work]:
    """Yield one root, which adds all rows."""

    async def add_all() -> Sequence[Work]:
        add_rows(context, conversations, share, corpus, response_settings)
        return ()

    yield add_all


def add_rows(
    context: GenerationContext,
    conversations: Iterable[tuple[Message, ...]],
    share: float,
    corpus: str,
    response_settings: responses.ResponseSettings,
) -> None:
    """Add the share of conversations that goes with the rows kept so far.

    Their `teacher` is empty, and their `about` names the corpus.
    """
    count = row_count(context.rows.kept, share)
    for number, turns in enumerate(islice(conversations, count)):
        path = f"{SOURCE}/{number}"
        row = responses.make_row(
            context, SOURCE, path, turns, response_settings, has_reasoning=False
        )
        row = replace(row, teacher="", about=corpus)
        context.add(Draft(row, (ENGLISH,) * len(turns), from_corpus=True))
