"""Prompts from a tree of topics: seeds, macro-topics, topics; each of them gives prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from recipes.generate import answers, prompts
from recipes.generate.crew import Work
from recipes.generate.deal import capacity, deal
from recipes.generate.harvest import Harvest
from recipes.generate.row import Prompt

SOURCE = "topics"


@dataclass(frozen=True)
class Settings:
    """How many branches at each level, and how many prompts at each node; `own` are seeds that a
    community gave."""

    general_seeds: int
    language_seeds: int
    macro_topics: int
    topics: int
    per_topic: int
    own: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[int, int]:
        """How many branches a seed has, and each of these."""
        return self.macro_topics, self.topics

    @property
    def rows(self) -> int:
        """How many rows there will be when every answer is good."""
        seeds = self.general_seeds + self.language_seeds + len(self.own)
        return seeds * capacity(self.levels, self.per_topic)


@dataclass(frozen=True)
class Node:
    """A topic, `within` another; `people` names those who ask, None for anybody; it may give
    `quota` rows, and has so many `levels` below it."""

    path: str
    topic: str
    within: str | None
    people: str | None
    quota: int
    levels: tuple[int, ...]


def grow(
    harvest: Harvest, settings: Settings, rows: answers.Settings, at_most: int
) -> Iterator[Work]:
    """The roots of the tree, one for each seed; `at_most` so many rows in all."""
    language, levels = harvest.language.name, settings.levels
    general = prompts.general_seeds()[: settings.general_seeds]
    special = prompts.language_seeds(language)[: settings.language_seeds]
    special += settings.own
    seeds = [(seed, None) for seed in general] + [(seed, language) for seed in special]
    most = capacity(levels, settings.per_topic)
    quotas = deal(at_most, len(seeds), settings.per_topic, most)
    for number, ((seed, people), quota) in enumerate(zip(seeds, quotas, strict=True)):
        if quota:
            node = Node(f"{SOURCE}/{number}", seed, None, people, quota, levels)
            yield partial(_node, harvest, settings, rows, node)


async def _node(
    harvest: Harvest, settings: Settings, rows: answers.Settings, node: Node
) -> Sequence[Work]:
    """A node's own prompts, and the nodes below it."""
    own = min(node.quota, settings.per_topic)
    work: list[Work] = [partial(_prompts, harvest, settings, rows, node, own)]
    if rest := node.quota - own:
        count, below = node.levels[0], node.levels[1:]
        asked = prompts.list_topics(count, node.topic, node.within, node.people)
        found = await harvest.list_of(asked, count, common=node.people is None)
        quotas = deal(rest, len(found), settings.per_topic, capacity(below, settings.per_topic))
        harvest.missing += rest - sum(quotas)
        work += [
            partial(
                _node,
                harvest,
                settings,
                rows,
                Node(f"{node.path}/{n}", name, node.topic, node.people, quota, below),
            )
            for n, (name, quota) in enumerate(zip(found, quotas, strict=True))
            if quota
        ]
    return work


async def _prompts(
    harvest: Harvest, settings: Settings, rows: answers.Settings, node: Node, own: int
) -> Sequence[Work]:
    count, language = settings.per_topic, harvest.language
    asked = prompts.write_prompts(count, node.topic, "topic", language.name)
    found = await harvest.list_of(asked, count)
    grown = [
        Prompt(SOURCE, f"{node.path}/p{n}", text, language.code, about=node.topic)
        for n, text in enumerate(found)
    ]
    return answers.work_on(harvest, rows, grown, own)
