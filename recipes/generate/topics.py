"""Prompts from a tree of topics: seeds, macro-topics, topics; each of them gives prompts."""

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
    """How many branches at each level, and how many prompts at each node."""

    general_seeds: int
    language_seeds: int
    macro_topics: int
    topics: int
    per_topic: int

    @property
    def rows(self) -> int:
        """How many rows there will be when every answer is good."""
        seeds = self.general_seeds + self.language_seeds
        return seeds * (1 + self.macro_topics * (1 + self.topics)) * self.per_topic


def grow(harvest: Harvest, settings: Settings, rows: answers.Settings) -> Iterator[Work]:
    """The roots of the tree, one for each seed."""
    language = harvest.language.name
    seeds = prompts.general_seeds()[: settings.general_seeds]
    seeds += prompts.language_seeds(language)[: settings.language_seeds]
    for number, seed in enumerate(seeds):
        levels = (settings.macro_topics, settings.topics)
        path = f"topics/{number}"
        yield partial(_node, harvest, settings, rows, path, seed, None, levels)


async def _node(
    harvest: Harvest,
    settings: Settings,
    rows: answers.Settings,
    path: str,
    topic: str,
    within: str | None,
    levels: tuple[int, ...],
) -> Sequence[Work]:
    """A node's own prompts, and the nodes below it."""
    if harvest.full("topics"):
        return ()
    work: list[Work] = [partial(_prompts, harvest, settings, rows, path, topic)]
    if levels:
        asked = prompts.list_topics(levels[0], topic, within, harvest.language.name)
        below = await harvest.list_of(asked, levels[0])
        work += [
            partial(_node, harvest, settings, rows, f"{path}/{n}", name, topic, levels[1:])
            for n, name in enumerate(below)
        ]
    return work


async def _prompts(
    harvest: Harvest, settings: Settings, rows: answers.Settings, path: str, topic: str
) -> Sequence[Work]:
    count, language = settings.per_topic, harvest.language
    asked = prompts.write_prompts(count, topic, "topic", language.name)
    found = await harvest.list_of(asked, count)
    grown = [Prompt("topics", f"{path}/p{n}", text, language.code) for n, text in enumerate(found)]
    return answers.work_on(harvest, rows, grown, count)
