"""Something said by hand in a discussion, and what it is about; looks first, as orders do."""

from __future__ import annotations

from huggingface_hub import RepoFolder
from huggingface_hub.errors import EntryNotFoundError

from bot import names
from bot.hub.act import own_markers
from bot.hub.connect import Connection, Refused, translated


def ensure_told(hub: Connection, num: int, kind: str, text: str) -> bool:
    """Whether the bot had to say it: it stands there once, whatever is run how often."""
    repo, marker = names.leaderboard(hub.org), names.marker(kind, text)
    if marker in own_markers(hub, num):
        return False
    with translated(f"reply in discussion {num}"):
        hub.api.comment_discussion(repo, num, f"{text}\n\n{marker}", repo_type="space")
    return True


def newest(hub: Connection, repo: str, folder: str) -> str:
    """The manifest of the newest version in this folder of the results; raises Refused."""
    with translated(f"look at {folder} in {repo}"):
        try:
            tree = list(hub.api.list_repo_tree(repo, folder, repo_type="dataset"))
        except EntryNotFoundError as error:
            raise Refused(f"there is nothing in {folder} of {repo}") from error
        found = [item.path for item in tree if isinstance(item, RepoFolder)]
        versions = [path for path in found if names.is_version(path.rsplit("/", 1)[-1])]
        if not versions:
            raise Refused(f"there is no version in {folder} of {repo}")
        last = max(versions, key=lambda path: int(path.rsplit("/v", 1)[-1]))
        return hub.text(repo, "dataset", f"{last}/{names.MANIFEST}")
