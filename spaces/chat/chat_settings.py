"""The environment variables of the chat."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from common.hub_urls import HubUrls
from common.space_settings import SpaceSettings, read_settings
from huggingface_hub.constants import HF_HOME

PERSISTENT_DISK = Path("/data")  # survives a restart of a Space that has a disk


@dataclass(frozen=True)
class ChatSettings(SpaceSettings):
    """What the environment sets.

    `outbox` is the folder for feedback that is not uploaded yet. `maintainers` may decide about
    feedback, besides the members of the organization. `can_sign_in`: the Hub has given this Space
    what its visitors need to sign in, because its card says `hf_oauth: true`.
    """

    outbox: Path
    maintainers: frozenset[str]
    can_sign_in: bool

    @classmethod
    def read(cls, env: Mapping[str, str]) -> ChatSettings:
        """Read the environment. Raises SystemExit with one sentence when a value is missing."""
        shared = read_settings(env, "The chat must know whose models to offer")
        disk = PERSISTENT_DISK if os.access(PERSISTENT_DISK, os.W_OK) else Path(HF_HOME)
        outbox = Path(env.get("KAKUGO_OUTBOX") or disk / "kakugo-outbox")
        maintainers = frozenset(env.get("KAKUGO_MAINTAINERS", "").replace(",", " ").split())
        can_sign_in = env.get("SYSTEM") == "spaces" and "OAUTH_CLIENT_ID" in env
        return cls(
            **asdict(shared), outbox=outbox, maintainers=maintainers, can_sign_in=can_sign_in
        )

    @property
    def urls(self) -> HubUrls:
        """The addresses of the organization's repositories and requests."""
        return HubUrls(self.endpoint, self.org, f"{self.org}/kakugo")
