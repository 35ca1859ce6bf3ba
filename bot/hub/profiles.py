"""The profiles of all communities, read again only where a file has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from huggingface_hub import RepoFile
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from bot.domain import names
from bot.domain.community import Community, parse
from bot.hub.client import Connection, translated


@dataclass
class Communities:
    """Remembers profiles by their blob; one call when nothing has changed."""

    _known: dict[str, Community] = field(default_factory=dict)

    def read(self, hub: Connection) -> Mapping[str, Community]:
        """Profiles by language code; none where nobody has made the repository.

        Raises TryLater and Refused.
        """
        repo = names.communities(hub.org)
        with translated(f"read {repo}"):
            try:
                tree = list(hub.api.list_repo_tree(repo, repo_type="dataset"))
            except (RepositoryNotFoundError, EntryNotFoundError):
                return {}
            found = {
                code: item
                for item in tree
                if isinstance(item, RepoFile) and (code := names.profiled(item.path))
            }
            for item in found.values():
                if item.blob_id not in self._known:
                    self._known[item.blob_id] = parse(hub.text(repo, "dataset", item.path))
        return {code: self._known[item.blob_id] for code, item in found.items()}
