"""English conversations as they are: a share of what is trained on, so that English is not lost.

A model that is shown another language only forgets the one it knew; a few rows of that one among
the others keep it ("rehearsal", https://arxiv.org/abs/2205.12393). They cost no call: question and
answer are the corpus's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from recipes.generate.context import GenerationContext
from recipes.generate.schema import ENGLISH, Draft, Message
from recipes.generate.sources import responses

SOURCE = "replay"


def rows_beside(others: int, share: float) -> int:
    """How many rows make up this share of all, when there are so many others."""
    return round(others * share / (1 - share))


def take(
    harvest: GenerationContext,
    conversations: Iterable[tuple[Message, ...]],
    share: float,
    corpus: str,
    answers: responses.ResponseSettings,
) -> None:
    """Judge as many as go with the rows that were kept; `about` says whose they are (`corpus`),
    since no teacher wrote them."""
    count = rows_beside(harvest.spool.kept, share)
    for number, turns in enumerate(islice(conversations, count)):
        name = f"{SOURCE}/{number}"
        row = responses.row_of(harvest, SOURCE, name, turns, answers, thinking=False)
        row = replace(row, teacher="", about=corpus)
        harvest.take(Draft(row, (ENGLISH,) * len(turns), from_corpus=True))
