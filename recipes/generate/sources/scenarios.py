"""Prompts from situations: broad ones, detailed ones; each of them gives prompts."""

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

SOURCE = "scenarios"


@dataclass(frozen=True)
class ScenarioSettings:
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


def grow(
    harvest: GenerationContext,
    settings: ScenarioSettings,
    rows: responses.ResponseSettings,
    at_most: int,
) -> Iterator[Work]:
    """The two roots: situations of anybody, and of speakers; `at_most` so many rows in all."""
    quotas = deal(at_most, 2, settings.per_scenario, settings.rows // 2)
    kinds = (("general", None), ("language", harvest.language.name))
    tree = Tree(harvest, rows, SOURCE, "scenario", settings.per_scenario, _below)
    for (path, people), quota in zip(kinds, quotas, strict=True):
        if quota:
            root = Node(f"{SOURCE}/{path}", "", None, people, quota, settings.levels)
            yield partial(tree.grow, root)


def _below(count: int, node: Node) -> list[Message]:
    return templates.list_scenarios(count, node.about or None, node.people)
