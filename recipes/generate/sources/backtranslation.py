"""Translations of real texts, as rows in both directions (back-translation).

The teacher translates a real text into English. A row "translate into English" has the teacher's
text as its response, and a row "translate into the language" the real text, so that the model
learns to write from text that no machine wrote. The paper does not have this source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import ENGLISH, PLACEHOLDER, Draft, Message
from recipes.generate.sources import responses
from recipes.generate.sources.responses import make_row
from recipes.generate.teacher.workers import Work
from recipes.validation.ranges import Count, Share


@dataclass(frozen=True)
class BacktranslationSettings:
    """How many real texts are translated into English."""

    texts: Count
    """The number of texts."""
    wordings: Count
    """The number of instructions per direction."""
    to_english: Share
    """The share (0 to 1) of texts that also give a row into English."""

    @property
    def rows(self) -> int:
        """The number of rows if every answer is good."""
        return round(self.texts * (1 + self.to_english))


@dataclass(frozen=True)
class Instructions:
    """Ways to ask for a translation; each has `{text}` once."""

    into_english: tuple[str, ...]
    from_english: tuple[str, ...]


SOURCE = "pairs"


@dataclass
class InstructionCache:
    """The instructions, requested once, when the first text needs them."""

    context: GenerationContext
    count: int
    _task: asyncio.Task[Instructions | None] | None = None

    def get(self) -> asyncio.Task[Instructions | None]:
        """Return a task for the instructions; its result is None when the teacher gave none."""
        if self._task is None:
            self._task = asyncio.ensure_future(_write_instructions(self.context, self.count))
        return self._task


def root_work(
    context: GenerationContext,
    settings: BacktranslationSettings,
    response_settings: responses.ResponseSettings,
    texts: Iterable[str],
) -> Iterator[Work]:
    """Yield one root for each text."""
    cache = InstructionCache(context, settings.wordings)
    for number, text in enumerate(texts):
        path = f"{SOURCE}/{number}"
        yield partial(_translate, context, settings, response_settings, cache, path, text)


async def _write_instructions(context: GenerationContext, count: int) -> Instructions | None:
    name = context.language.name
    into_english = await context.complete_list(
        templates.write_instructions(count, name, "English", name), count
    )
    from_english = await context.complete_list(
        templates.write_instructions(count, "English", name, name), count
    )
    instructions = Instructions(_with_placeholder(into_english), _with_placeholder(from_english))
    return instructions if instructions.into_english and instructions.from_english else None


async def _translate(
    context: GenerationContext,
    settings: BacktranslationSettings,
    response_settings: responses.ResponseSettings,
    cache: InstructionCache,
    path: str,
    text: str,
) -> Sequence[Work]:
    instructions = await cache.get()
    if instructions is None:
        context.lost["no_wordings"] += 1
        return ()
    language = context.language
    english = await context.complete_text(templates.translate_text(text, language.name, "English"))
    if english is None:
        return ()
    rng = context.random(path)

    def add_row(direction: str, instruction: str, original: str, answer: str, code: str) -> None:
        prompt = instruction.replace(PLACEHOLDER, original)
        turns = [Message(role="user", content=prompt), Message(role="assistant", content=answer)]
        row_path = f"{path}/{direction}"
        row = make_row(context, SOURCE, row_path, turns, response_settings, has_reasoning=False)
        context.add(Draft(row, (None, code), pairs=((english, text),)))

    add_row("from_english", rng.choice(instructions.from_english), english, text, language.code)
    if rng.random() < settings.to_english:
        add_row("into_english", rng.choice(instructions.into_english), text, english, ENGLISH)
    return ()


def _with_placeholder(instructions: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in instructions if text.count(PLACEHOLDER) == 1)
