"""A tree of things to ask about: each node gives prompts of its own, and nodes below it.

What topics and scenarios have in common; what a node is called, and how those below it are asked
for, is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import Message, Prompt
from recipes.generate.sources import responses
from recipes.generate.sources.quotas import capacity, deal
from recipes.generate.teacher.workers import Work


@dataclass(frozen=True)
class Node:
    """A thing to ask about, `within` another; "" is a root that gives no prompts itself. `people`
    names those who ask, None for anybody; it may give `quota` rows, and has so many `levels` below.
    """

    path: str
    about: str
    within: str | None
    people: str | None
    quota: int
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Tree:
    """`kind` is what prompts call a node, `portion` how many prompts each gives, `below` asks for
    so many nodes below one."""

    harvest: GenerationContext
    rows: responses.ResponseSettings
    source: str
    kind: Literal["topic", "scenario"]
    portion: int
    below: Callable[[int, Node], list[Message]]

    async def grow(self, node: Node) -> Sequence[Work]:
        """A node's own prompts, and the nodes below it."""
        own = min(node.quota, self.portion) if node.about else 0
        work: list[Work] = [partial(self._ask, node, own)] if own else []
        if rest := node.quota - own:
            count, levels = node.levels[0], node.levels[1:]
            found = await self.harvest.list_of(
                self.below(count, node), count, common=node.people is None
            )
            quotas = deal(rest, len(found), self.portion, capacity(levels, self.portion))
            self.harvest.missing += rest - sum(quotas)
            work += [
                partial(
                    self.grow,
                    Node(f"{node.path}/{n}", name, node.about or None, node.people, quota, levels),
                )
                for n, (name, quota) in enumerate(zip(found, quotas, strict=True))
                if quota
            ]
        return work

    async def _ask(self, node: Node, own: int) -> Sequence[Work]:
        language = self.harvest.language
        asked = templates.write_prompts(self.portion, node.about, self.kind, language.name)
        found = await self.harvest.list_of(asked, self.portion)
        grown = [
            Prompt(self.source, f"{node.path}/p{n}", text, language.code, about=node.about)
            for n, text in enumerate(found)
        ]
        return responses.work_on(self.harvest, self.rows, grown, own)
