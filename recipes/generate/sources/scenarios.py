"""Prompts from situations, broad ones and detailed ones within them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import Message
from recipes.generate.sources import responses
from recipes.generate.sources.quotas import capacity, split_quota
from recipes.generate.sources.taxonomy import Node, Taxonomy
from recipes.generate.teacher.workers import Work
from recipes.validation.ranges import Count

SOURCE = "scenarios"


@dataclass(frozen=True)
class ScenarioSettings:
    """How many prompts are made from situations of daily life."""

    broad: Count
    """Broad scenarios for anybody, and as many for speakers."""
    detailed: Count
    """Detailed scenarios within each of them."""
    per_scenario: Count
    """Prompts for each scenario."""

    @property
    def levels(self) -> tuple[int, int]:
        """The number of children at each level below a root."""
        return self.broad, self.detailed

    @property
    def rows(self) -> int:
        """The number of rows if every answer is good."""
        return 2 * self.broad * capacity((self.detailed,), self.per_scenario)


def root_work(
    context: GenerationContext,
    settings: ScenarioSettings,
    response_settings: responses.ResponseSettings,
    at_most: int,
) -> Iterator[Work]:
    """Yield two roots, for anybody and for speakers, for at most `at_most` rows in total."""
    quotas = split_quota(at_most, 2, settings.per_scenario, settings.rows // 2)
    audiences = (("general", None), ("language", context.language.name))
    taxonomy = Taxonomy(
        context, response_settings, SOURCE, "scenario", settings.per_scenario, _list_children
    )
    for (path, audience), quota in zip(audiences, quotas, strict=True):
        if quota:
            root = Node(f"{SOURCE}/{path}", "", None, audience, quota, settings.levels)
            yield partial(taxonomy.expand, root)


def _list_children(count: int, node: Node) -> list[Message]:
    return templates.list_scenarios(count, node.about or None, node.audience)
