"""Names, and reads that the client does not offer."""

from __future__ import annotations

from typing import Any

from huggingface_hub import get_session

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header

BOT, ORG = "kakugo-bot", "practice"


def read(hub: LocalHub, path: str) -> Any:
    """Return a response of the API, with fields that the client leaves out."""
    return get_session().get(f"{hub.url}/{path}", headers=auth_header(hub)).json()
