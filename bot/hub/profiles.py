"""Read the profiles of all communities; a file is read again only after it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from huggingface_hub import RepoFile
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

from bot.domain import names
from bot.domain.community import MAX_BYTES, Community, Consent, parse
from bot.hub.client import Connection, translate_errors


@dataclass
class ProfileReader:
    """Keeps profiles by their blob id, so that one call suffices if nothing changed."""

    _by_blob: dict[str, Community] = field(default_factory=dict)

    def read(self, hub: Connection) -> Mapping[str, Community]:
        """Return the profiles by language code; none if the repo does not exist.

        Raises TryLater and Refused.
        """
        repo = names.communities(hub.org)
        with translate_errors(f"read {repo}"):
            try:
                tree = list(hub.api.list_repo_tree(repo, repo_type="dataset"))
            except (RepositoryNotFoundError, EntryNotFoundError):
                return {}
            files = {
                code: item
                for item in tree
                if isinstance(item, RepoFile) and (code := names.profile_language(item.path))
            }
            for file in files.values():
                if file.size > MAX_BYTES:
                    self._by_blob[file.blob_id] = Community(Consent.ASK)
                elif file.blob_id not in self._by_blob:
                    self._by_blob[file.blob_id] = parse(hub.content(repo, "dataset", file.path))
        return {code: self._by_blob[file.blob_id] for code, file in files.items()}
