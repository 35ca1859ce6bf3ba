"""Prompts from a tree of topics: seeds, macro-topics, topics; each of them gives prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import Message
from recipes.generate.sources import responses
from recipes.generate.sources.quotas import capacity, deal
from recipes.generate.sources.taxonomy import Node, Tree
from recipes.generate.teacher.workers import Work

SOURCE = "topics"


@dataclass(frozen=True)
class TopicSettings:
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


def grow(
    harvest: GenerationContext,
    settings: TopicSettings,
    rows: responses.ResponseSettings,
    at_most: int,
) -> Iterator[Work]:
    """The roots of the tree, one for each seed; `at_most` so many rows in all."""
    language, levels = harvest.language.name, settings.levels
    general = templates.general_seeds()[: settings.general_seeds]
    special = templates.language_seeds(language)[: settings.language_seeds]
    special += settings.own
    seeds = [(seed, None) for seed in general] + [(seed, language) for seed in special]
    most = capacity(levels, settings.per_topic)
    quotas = deal(at_most, len(seeds), settings.per_topic, most)
    tree = Tree(harvest, rows, SOURCE, "topic", settings.per_topic, _below)
    for number, ((seed, people), quota) in enumerate(zip(seeds, quotas, strict=True)):
        if quota:
            yield partial(tree.grow, Node(f"{SOURCE}/{number}", seed, None, people, quota, levels))


def _below(count: int, node: Node) -> list[Message]:
    return templates.list_topics(count, node.about, node.within, node.people)
