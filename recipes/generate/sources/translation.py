"""English conversations, translated turn by turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Draft, Message
from recipes.generate.sources import responses
from recipes.generate.sources.responses import make_row
from recipes.generate.teacher.retry import turns_in
from recipes.generate.teacher.workers import Work

SOURCE = "translation"


def root_work(
    context: GenerationContext,
    response_settings: responses.ResponseSettings,
    conversations: Iterable[tuple[Message, ...]],
) -> Iterator[Work]:
    """Yield one root for each conversation."""
    for number, turns in enumerate(conversations):
        yield partial(_translate, context, response_settings, f"{SOURCE}/{number}", tuple(turns))


async def _translate(
    context: GenerationContext,
    response_settings: responses.ResponseSettings,
    path: str,
    turns: tuple[Message, ...],
) -> Sequence[Work]:
    translated = await context.complete(
        templates.translate_conversation(turns, context.language.name),
        partial(turns_in, turns),
        schema=parsing.list_schema(len(turns), len(turns)),
    )
    if translated is None:
        return ()
    row = make_row(context, SOURCE, path, translated, response_settings, has_reasoning=False)
    pairs = tuple(
        (original["content"], translation["content"])
        for original, translation in zip(turns, translated, strict=True)
    )
    languages = (context.language.code,) * len(translated)
    context.add(Draft(row, languages, pairs, from_corpus=True))
    return ()
