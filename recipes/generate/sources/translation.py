"""English conversations put into the language, turn by turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Draft, Message
from recipes.generate.sources import responses
from recipes.generate.sources.responses import row_of
from recipes.generate.teacher.workers import Work

SOURCE = "translation"


def grow(
    harvest: GenerationContext,
    rows: responses.ResponseSettings,
    conversations: Iterable[tuple[Message, ...]],
) -> Iterator[Work]:
    """One root for each conversation."""
    for number, turns in enumerate(conversations):
        yield partial(_translate, harvest, rows, f"{SOURCE}/{number}", tuple(turns))


async def _translate(
    harvest: GenerationContext,
    rows: responses.ResponseSettings,
    path: str,
    turns: tuple[Message, ...],
) -> Sequence[Work]:
    asked = templates.translate_conversation(turns, harvest.language.name)
    answer = await harvest.ask(
        asked,
        lambda answer: (parsing.turns(answer.text, turns), answer),
        schema=parsing.list_of(len(turns), len(turns)),
    )
    if answer is None:
        return ()
    translated, whole = answer
    row = row_of(harvest, SOURCE, path, translated, rows, thinking=False)
    pairs = tuple(
        (turn["content"], said["content"]) for turn, said in zip(turns, translated, strict=True)
    )
    codes = (harvest.language.code,) * len(translated)
    harvest.take(Draft(row, codes, pairs, whole.finish, from_corpus=True))
    return ()
