"""Prompts from situations: broad ones, detailed ones; each of them gives prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from recipes.generate import answers, prompts
from recipes.generate.crew import Work
from recipes.generate.harvest import Harvest
from recipes.generate.row import Prompt


@dataclass(frozen=True)
class Settings:
    """`broad` situations of anybody and as many of speakers, `detailed` ones within each."""

    broad: int
    detailed: int
    per_scenario: int

    @property
    def rows(self) -> int:
        """How many rows there will be when every answer is good."""
        return 2 * self.broad * (1 + self.detailed) * self.per_scenario


def grow(harvest: Harvest, settings: Settings, rows: answers.Settings) -> Iterator[Work]:
    """The two roots: situations of anybody, and of speakers of the language."""
    if settings.broad:
        for path, people in (("general", None), ("language", harvest.language.name)):
            levels = (settings.broad, settings.detailed)
            root = f"scenarios/{path}"
            yield partial(_below, harvest, settings, rows, root, None, people, levels)


async def _below(
    harvest: Harvest,
    settings: Settings,
    rows: answers.Settings,
    path: str,
    scenario: str | None,
    people: str | None,
    levels: tuple[int, ...],
) -> Sequence[Work]:
    """The situations within a situation, and its own prompts."""
    if harvest.full("scenarios"):
        return ()
    work: list[Work] = []
    if scenario:
        work.append(partial(_prompts, harvest, settings, rows, path, scenario))
    if levels:
        asked = prompts.list_scenarios(levels[0], scenario, people)
        found = await harvest.list_of(asked, levels[0])
        work += [
            partial(_below, harvest, settings, rows, f"{path}/{n}", text, people, levels[1:])
            for n, text in enumerate(found)
        ]
    return work


async def _prompts(
    harvest: Harvest, settings: Settings, rows: answers.Settings, path: str, scenario: str
) -> Sequence[Work]:
    count, language = settings.per_scenario, harvest.language
    asked = prompts.write_prompts(count, scenario, "scenario", language.name)
    found = await harvest.list_of(asked, count)
    grown = [
        Prompt("scenarios", f"{path}/p{n}", text, language.code) for n, text in enumerate(found)
    ]
    return answers.work_on(harvest, rows, grown, count)
