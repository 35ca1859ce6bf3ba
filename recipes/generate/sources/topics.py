"""Prompts from a tree of topics, which grows from seeds."""

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
from recipes.validation.ranges import Count, Text

SOURCE = "topics"


@dataclass(frozen=True)
class TopicSettings:
    """How many prompts are made from a tree of topics."""

    general_seeds: Count
    """Seeds for everybody."""
    language_seeds: Count
    """Seeds for speakers of the language."""
    macro_topics: Count
    """Macro-topics of each seed."""
    topics: Count
    """Topics of each macro-topic."""
    per_topic: Count
    """Prompts for each seed, macro-topic and topic."""
    own: tuple[Text, ...] = ()
    """A community's seeds."""

    @property
    def levels(self) -> tuple[int, int]:
        """The number of children at each level below a seed."""
        return self.macro_topics, self.topics

    @property
    def rows(self) -> int:
        """The number of rows if every answer is good."""
        return self.seeds * capacity(self.levels, self.per_topic)

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return self.general_seeds + self.language_seeds + len(self.own)


def root_work(
    context: GenerationContext,
    settings: TopicSettings,
    response_settings: responses.ResponseSettings,
    at_most: int,
) -> Iterator[Work]:
    """Yield one root for each seed, for at most `at_most` rows in total."""
    language, levels = context.language.name, settings.levels
    general = templates.general_seeds()[: settings.general_seeds]
    own = templates.language_seeds(language)[: settings.language_seeds] + settings.own
    seeds = [(seed, None) for seed in general] + [(seed, language) for seed in own]
    most = capacity(levels, settings.per_topic)
    quotas = split_quota(at_most, len(seeds), settings.per_topic, most)
    taxonomy = Taxonomy(
        context, response_settings, SOURCE, "topic", settings.per_topic, _list_children
    )
    for number, ((seed, audience), quota) in enumerate(zip(seeds, quotas, strict=True)):
        if quota:
            root = Node(f"{SOURCE}/{number}", seed, None, audience, quota, levels)
            yield partial(taxonomy.expand, root)


def _list_children(count: int, node: Node) -> list[Message]:
    return templates.list_topics(count, node.about, node.within, node.audience)
