"""The terms on which requests are taken: where, under which programme, within which limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.recipe import Recipe
from bot.settings import Limits


@dataclass(frozen=True)
class Policy:
    """`endpoint` is the Hub's URL without a slash, `wheel` the file that jobs install.

    A request whose estimate is within `limit_usd` starts without anybody's word; `maintainers` may
    give it beside the members of the organisation.
    """

    endpoint: str
    recipe: Recipe
    limit_usd: float
    wheel: str
    limits: Limits = field(default_factory=Limits)
    maintainers: frozenset[str] = frozenset()

    @property
    def org(self) -> str:
        return self.recipe.org
