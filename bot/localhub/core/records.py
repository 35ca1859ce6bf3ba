"""Plain data that several packages share: repos, events and their callbacks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True)
class Repo:
    """A repo as it is stored.

    name: `namespace/name`. gated: `""`, `auto` or `manual`. card: the front matter of its README.
    """

    id: str
    type: str
    name: str
    namespace: str
    private: bool
    gated: str
    sdk: str
    card: Json
    tags: list[str]
    created_at: str
    updated_at: str

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        """Build a repo from a row of the table `repos`."""
        return cls(
            row["id"], row["type"], row["name"], row["namespace"], bool(row["private"]),
            row["gated"], row["sdk"], json.loads(row["card"]), json.loads(row["tags"]),
            row["created_at"], row["updated_at"],
        )  # fmt: skip

    @property
    def prefix(self) -> str:
        """What precedes the name in URLs of pages and files: `""`, `datasets/` or `spaces/`."""
        return "" if self.type == "model" else f"{self.type}s/"

    def api_path(self) -> str:
        """Return the path of the repo in the API."""
        return f"/api/{self.type}s/{self.name}"

    def web_path(self) -> str:
        """Return the path of the repo's page."""
        return f"/{self.prefix}{self.name}"


@dataclass(frozen=True)
class Event:
    """One event, in the terms of webhook payloads (version 3).

    action: create, update or delete. scope: repo, repo.content, repo.config, discussion or
    discussion.comment. repo: the payload's `repo` object; the repo itself may be deleted by now.
    The remaining fields are parts of the payload; None leaves a part out.
    """

    action: str
    scope: str
    repo_type: str
    repo_name: str
    repo: Json
    actor: str = ""
    discussion: Json | None = None
    comment: Json | None = None
    updated_refs: list[Json] | None = None
    updated_config: Json | None = None


Listener = Callable[[sqlite3.Connection, Event], None]
CreationHook = Callable[[sqlite3.Connection, Repo, Json], None]
