"""English conversations put into the language, turn by turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from recipes.generate import answers, prompts, shapes
from recipes.generate.answers import row_of
from recipes.generate.crew import Work
from recipes.generate.harvest import Harvest
from recipes.generate.row import Draft, Message

SOURCE = "translation"


def grow(
    harvest: Harvest, rows: answers.Settings, conversations: Iterable[tuple[Message, ...]]
) -> Iterator[Work]:
    """One root for each conversation."""
    for number, turns in enumerate(conversations):
        yield partial(_translate, harvest, rows, f"{SOURCE}/{number}", tuple(turns))


async def _translate(
    harvest: Harvest, rows: answers.Settings, path: str, turns: tuple[Message, ...]
) -> Sequence[Work]:
    asked = prompts.translate_conversation(turns, harvest.language.name)
    answer = await harvest.ask(
        asked,
        lambda answer: (shapes.turns(answer.text, turns), answer),
        schema=shapes.list_of(len(turns), len(turns)),
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
