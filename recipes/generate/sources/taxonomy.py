"""A tree of topics or scenarios, with prompts at each node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import Message, Prompt
from recipes.generate.sources import responses
from recipes.generate.sources.quotas import capacity, split_quota
from recipes.generate.teacher.workers import Work


@dataclass(frozen=True)
class Node:
    """A topic or scenario.

    about: its name in English; a root without one has no prompts of its own
    within: the name of its parent
    audience: the language of the speakers it is for, None for anybody
    quota: rows that it and its descendants may give
    levels: number of children at each level below it
    """

    path: str
    about: str
    within: str | None
    audience: str | None
    quota: int
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Taxonomy:
    """How a tree grows.

    kind: the word for a node in prompts
    list_children: returns the request for a number of children of a node
    """

    context: GenerationContext
    response_settings: responses.ResponseSettings
    source: str
    kind: Literal["topic", "scenario"]
    prompts_per_node: int
    list_children: Callable[[int, Node], list[Message]]

    async def expand(self, node: Node) -> Sequence[Work]:
        """Return the work for a node's own prompts and for its children."""
        own = min(node.quota, self.prompts_per_node) if node.about else 0
        work: list[Work] = [partial(self._write_prompts, node, own)] if own else []
        if remaining := node.quota - own:
            count, levels = node.levels[0], node.levels[1:]
            names = await self.context.complete_list(
                self.list_children(count, node), count, common=node.audience is None
            )
            most = capacity(levels, self.prompts_per_node)
            quotas = split_quota(remaining, len(names), self.prompts_per_node, most)
            self.context.missing += remaining - sum(quotas)
            work += [
                partial(
                    self.expand,
                    Node(
                        f"{node.path}/{n}", name, node.about or None, node.audience, quota, levels
                    ),
                )
                for n, (name, quota) in enumerate(zip(names, quotas, strict=True))
                if quota
            ]
        return work

    async def _write_prompts(self, node: Node, quota: int) -> Sequence[Work]:
        language, count = self.context.language, self.prompts_per_node
        wordings = await self.context.complete_list(
            templates.write_prompts(count, node.about, self.kind, language.name), count
        )
        prompts = [
            Prompt(self.source, f"{node.path}/p{n}", wording, language.code, about=node.about)
            for n, wording in enumerate(wordings)
        ]
        return responses.response_work(self.context, self.response_settings, prompts, quota)
