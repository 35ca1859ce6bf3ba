"""Prompts from situations: broad ones, detailed ones; each of them gives prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from recipes.generate import answers, prompts
from recipes.generate.crew import Work
from recipes.generate.deal import capacity, deal
from recipes.generate.harvest import Harvest
from recipes.generate.row import Prompt

SOURCE = "scenarios"


@dataclass(frozen=True)
class Settings:
    """`broad` situations of anybody and as many of speakers, `detailed` ones within each."""

    broad: int
    detailed: int
    per_scenario: int

    @property
    def levels(self) -> tuple[int, int]:
        """How many situations there are of each kind of people, and within each of these."""
        return self.broad, self.detailed

    @property
    def rows(self) -> int:
        """How many rows there will be when every answer is good."""
        return 2 * self.broad * capacity((self.detailed,), self.per_scenario)


@dataclass(frozen=True)
class Node:
    """A situation of `people` (None: of anybody), None above the broad ones; it may give `quota`
    rows, and has so many `levels` below it."""

    path: str
    scenario: str | None
    people: str | None
    quota: int
    levels: tuple[int, ...]


def grow(
    harvest: Harvest, settings: Settings, rows: answers.Settings, at_most: int
) -> Iterator[Work]:
    """The two roots: situations of anybody, and of speakers; `at_most` so many rows in all."""
    quotas = deal(at_most, 2, settings.per_scenario, settings.rows // 2)
    kinds = (("general", None), ("language", harvest.language.name))
    for (path, people), quota in zip(kinds, quotas, strict=True):
        if quota:
            node = Node(f"{SOURCE}/{path}", None, people, quota, settings.levels)
            yield partial(_node, harvest, settings, rows, node)


async def _node(
    harvest: Harvest, settings: Settings, rows: answers.Settings, node: Node
) -> Sequence[Work]:
    """A situation's own prompts, and the situations within it."""
    own = min(node.quota, settings.per_scenario) if node.scenario else 0
    work: list[Work] = []
    if node.scenario:
        work.append(partial(_prompts, harvest, settings, rows, node, own))
    if rest := node.quota - own:
        count, below = node.levels[0], node.levels[1:]
        asked = prompts.list_scenarios(count, node.scenario, node.people)
        found = await harvest.list_of(asked, count, common=node.people is None)
        most = capacity(below, settings.per_scenario)
        quotas = deal(rest, len(found), settings.per_scenario, most)
        harvest.missing += rest - sum(quotas)
        work += [
            partial(
                _node,
                harvest,
                settings,
                rows,
                Node(f"{node.path}/{n}", text, node.people, quota, below),
            )
            for n, (text, quota) in enumerate(zip(found, quotas, strict=True))
            if quota
        ]
    return work


async def _prompts(
    harvest: Harvest, settings: Settings, rows: answers.Settings, node: Node, own: int
) -> Sequence[Work]:
    count, language, about = settings.per_scenario, harvest.language, node.scenario or ""
    asked = prompts.write_prompts(count, about, "scenario", language.name)
    found = await harvest.list_of(asked, count)
    grown = [
        Prompt(SOURCE, f"{node.path}/p{n}", text, language.code, about=about)
        for n, text in enumerate(found)
    ]
    return answers.work_on(harvest, rows, grown, own)
