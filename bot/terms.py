"""The terms on which requests are taken: where, under which programme, up to which price."""

from __future__ import annotations

from dataclasses import dataclass

from bot.programme import Programme


@dataclass(frozen=True)
class Terms:
    """`endpoint` is the Hub's URL without a slash, `wheel` the file that jobs install."""

    endpoint: str
    programme: Programme
    limit_usd: float
    wheel: str

    @property
    def org(self) -> str:
        return self.programme.org
