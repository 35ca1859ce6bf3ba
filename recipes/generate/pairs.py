"""Rows in both directions from one translation: the text of the language is always a person's.

The teacher puts a real text into English; "translate into English" is answered by the teacher,
"translate into the language" by the text itself, so that what the student learns to write was not
written by a machine (back-translation). The paper does not have this source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from recipes.generate import answers, prompts
from recipes.generate.answers import row_of
from recipes.generate.crew import Work
from recipes.generate.harvest import Harvest
from recipes.generate.row import ENGLISH, PLACE, Draft, Message


@dataclass(frozen=True)
class Settings:
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


def grow(
    harvest: Harvest, settings: Settings, rows: answers.Settings, texts: Sequence[str]
) -> Iterator[Work]:
    """One root: the wordings, and then every text."""
    if texts:
        yield partial(_word, harvest, settings, rows, texts)


async def _word(
    harvest: Harvest, settings: Settings, rows: answers.Settings, texts: Sequence[str]
) -> Sequence[Work]:
    name, count = harvest.language.name, settings.wordings
    into = await harvest.list_of(prompts.write_instructions(count, name, "English", name), count)
    out_of = await harvest.list_of(prompts.write_instructions(count, "English", name, name), count)
    wordings = Wordings(_with_place(into), _with_place(out_of))
    if not wordings.into_english or not wordings.from_english:
        harvest.lost["no_wordings"] += len(texts)
        return ()
    return [
        partial(_translate, harvest, settings, rows, wordings, f"pairs/{number}", text)
        for number, text in enumerate(texts)
    ]


async def _translate(
    harvest: Harvest,
    settings: Settings,
    rows: answers.Settings,
    wordings: Wordings,
    path: str,
    text: str,
) -> Sequence[Work]:
    language = harvest.language
    english = await harvest.text(prompts.translate_text(text, language.name, "English"))
    if english is None:
        return ()
    chance = harvest.random(path)

    def take(direction: str, wording: str, given: str, answer: str, code: str) -> None:
        asked = wording.replace(PLACE, given)
        turns = [Message(role="user", content=asked), Message(role="assistant", content=answer)]
        row = row_of(harvest, "pairs", f"{path}/{direction}", turns, rows, thinking=False)
        harvest.take(Draft(row, (None, code), pairs=((english, text),)))

    take("from_english", chance.choice(wordings.from_english), english, text, language.code)
    if chance.random() < settings.to_english:
        take("into_english", chance.choice(wordings.into_english), text, english, ENGLISH)
    return ()


def _with_place(found: Sequence[str]) -> tuple[str, ...]:
    return tuple(wording for wording in found if wording.count(PLACE) == 1)
