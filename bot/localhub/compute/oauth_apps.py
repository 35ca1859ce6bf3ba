"""The Spaces that may ask who their visitor is: those whose card says `hf_oauth: true`."""

from __future__ import annotations

import secrets

from bot.localhub.core.auth import new_id
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Repo

SCHEMA = """
CREATE TABLE IF NOT EXISTS oauth_apps (
    repo_id TEXT PRIMARY KEY REFERENCES repos(id) ON DELETE CASCADE,
    client_id TEXT NOT NULL UNIQUE, client_secret TEXT NOT NULL
);
"""
SCOPES = ("openid", "profile")


def environment(hub: Hub, repo: Repo) -> dict[str, str]:
    """Return the variables with which a Space signs its visitors in; none unless its card asks."""
    if repo.card.get("hf_oauth") is not True:
        return {}
    with hub.store.write() as db:
        db.execute(
            "INSERT OR IGNORE INTO oauth_apps VALUES (?, ?, ?)",
            (repo.id, new_id(), secrets.token_hex(16)),
        )
        row = db.execute("SELECT * FROM oauth_apps WHERE repo_id = ?", (repo.id,)).fetchone()
    return {
        "OAUTH_CLIENT_ID": row["client_id"],
        "OAUTH_CLIENT_SECRET": row["client_secret"],
        "OAUTH_SCOPES": " ".join(SCOPES),
        "OPENID_PROVIDER_URL": hub.url,
    }
