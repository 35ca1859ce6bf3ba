"""Rows in both directions from one translation: the text of the language is always a person's.

The teacher puts a real text into English; "translate into English" is answered by the teacher,
"translate into the language" by the text itself, so that what the student learns to write was not
written by a machine (back-translation). The paper does not have this source.
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
from recipes.generate.sources.responses import row_of
from recipes.generate.teacher.workers import Work


@dataclass(frozen=True)
class BacktranslationSettings:
    """`texts`: how many; `wordings`: ways to ask for each direction; `to_english`: share of texts
    that also give a row in that direction."""

    texts: int
    wordings: int
    to_english: float


@dataclass(frozen=True)
class Wordings:
    """How a speaker asks for a translation, `{text}` being the place of the text."""

    into_english: tuple[str, ...]
    from_english: tuple[str, ...]


SOURCE = "pairs"


@dataclass
class Phrases:
    """The wordings, asked for once, when the first text wants them."""

    harvest: GenerationContext
    count: int
    _asked: asyncio.Task[Wordings | None] | None = None

    def get(self) -> asyncio.Task[Wordings | None]:
        """To be awaited for the wordings, None when the teacher gave none."""
        if self._asked is None:
            self._asked = asyncio.ensure_future(_word(self.harvest, self.count))
        return self._asked


def grow(
    harvest: GenerationContext,
    settings: BacktranslationSettings,
    rows: responses.ResponseSettings,
    texts: Iterable[str],
) -> Iterator[Work]:
    """One root for each text."""
    phrases = Phrases(harvest, settings.wordings)
    for number, text in enumerate(texts):
        path = f"{SOURCE}/{number}"
        yield partial(_translate, harvest, settings, rows, phrases, path, text)


async def _word(harvest: GenerationContext, count: int) -> Wordings | None:
    name = harvest.language.name
    into = await harvest.list_of(templates.write_instructions(count, name, "English", name), count)
    out_of = await harvest.list_of(
        templates.write_instructions(count, "English", name, name), count
    )
    wordings = Wordings(_with_place(into), _with_place(out_of))
    return wordings if wordings.into_english and wordings.from_english else None


async def _translate(
    harvest: GenerationContext,
    settings: BacktranslationSettings,
    rows: responses.ResponseSettings,
    phrases: Phrases,
    path: str,
    text: str,
) -> Sequence[Work]:
    wordings = await phrases.get()
    if wordings is None:
        harvest.lost["no_wordings"] += 1
        return ()
    language = harvest.language
    english = await harvest.text(templates.translate_text(text, language.name, "English"))
    if english is None:
        return ()
    chance = harvest.random(path)

    def take(direction: str, wording: str, given: str, answer: str, code: str) -> None:
        asked = wording.replace(PLACEHOLDER, given)
        turns = [Message(role="user", content=asked), Message(role="assistant", content=answer)]
        row = row_of(harvest, SOURCE, f"{path}/{direction}", turns, rows, thinking=False)
        harvest.take(Draft(row, (None, code), pairs=((english, text),)))

    take("from_english", chance.choice(wordings.from_english), english, text, language.code)
    if chance.random() < settings.to_english:
        take("into_english", chance.choice(wordings.into_english), text, english, ENGLISH)
    return ()


def _with_place(found: Sequence[str]) -> tuple[str, ...]:
    return tuple(wording for wording in found if wording.count(PLACEHOLDER) == 1)
