"""The environment variables of the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from common.hub_urls import HubUrls
from common.space_settings import SpaceSettings, read_settings


@dataclass(frozen=True)
class LeaderboardSettings(SpaceSettings):
    """What the environment sets; `space` is the Space's own name on the Hub."""

    space: str

    @classmethod
    def read(cls, env: Mapping[str, str]) -> LeaderboardSettings:
        """Read the environment. Raises SystemExit with one sentence when a value is missing."""
        shared = read_settings(env, "The leaderboard must know whose results to show")
        return cls(**asdict(shared), space=env.get("SPACE_ID") or f"{shared.org}/kakugo")

    @property
    def urls(self) -> HubUrls:
        """The addresses of the organization's repositories and requests."""
        return HubUrls(self.endpoint, self.org, self.space)

    @property
    def results(self) -> str:
        """The dataset with the results."""
        return f"{self.org}/kakugo-results"

    @property
    def ledger(self) -> str:
        """The dataset in which the bot keeps the requests."""
        return f"{self.org}/kakugo-requests"
