"""Where, with which recipe and within which limits requests are accepted."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.recipe import Recipe
from bot.settings import Limits


@dataclass(frozen=True)
class Policy:
    """How one installation treats requests.

    `endpoint` is the Hub's URL without a trailing slash, `wheel` the file that jobs install. A
    request whose estimate is at most `limit_usd` starts without an approval. `maintainers` may
    approve, in addition to the members of the organization.
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
