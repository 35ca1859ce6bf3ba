"""A Hub repo as a store of small text files, written by compare-and-swap on its head."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from huggingface_hub import CommitOperationAdd, RepoFile
from huggingface_hub.errors import HfHubHTTPError

from bot.hub.connect import Connection, translated

MOVED = (409, 412)


def blob_id(text: str) -> str:
    """What git calls a file with this content."""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass
class Store:
    """One dataset repo; remembers the files of the last head by their blob so as not to refetch."""

    hub: Connection
    repo: str
    _blobs: dict[str, str] = field(default_factory=dict)

    def head(self) -> str:
        with translated(f"read the head of {self.repo}"):
            return str(self.hub.api.repo_info(self.repo, repo_type="dataset").sha)

    def files(self, head: str) -> dict[str, str]:
        """Path → text of every JSON file at this commit."""
        with translated(f"read {self.repo}"):
            tree = self.hub.api.list_repo_tree(
                self.repo, revision=head, recursive=True, repo_type="dataset"
            )
            found = [
                item for item in tree if isinstance(item, RepoFile) and item.path.endswith(".json")
            ]
            texts = {item.path: self._text(item, head) for item in found}
        self._blobs = {item.blob_id: texts[item.path] for item in found}
        return texts

    def _text(self, item: RepoFile, head: str) -> str:
        if item.blob_id in self._blobs:
            return self._blobs[item.blob_id]
        return self.hub.text(self.repo, "dataset", item.path, head)

    def swap(self, head: str, changed: Mapping[str, str], message: str) -> str | None:
        """Commit the changed files on top of `head`; None when somebody else was faster."""
        operations = [
            CommitOperationAdd(path_in_repo=path, path_or_fileobj=text.encode())
            for path, text in changed.items()
        ]
        with translated(f"write {self.repo}"):
            try:
                commit = self.hub.api.create_commit(
                    self.repo,
                    operations,
                    commit_message=message,
                    parent_commit=head,
                    repo_type="dataset",
                )
            except HfHubHTTPError as error:
                if error.response is not None and error.response.status_code in MOVED:
                    return None
                raise
        self._blobs.update((blob_id(text), text) for text in changed.values())
        # The client skips a commit that changes nothing: then nothing was swapped either.
        return str(commit.oid) if commit.oid != head else None

    def history(self) -> list[tuple[float, str]]:
        """When each commit was made, and its title; newest first."""
        with translated(f"read the history of {self.repo}"):
            commits = self.hub.api.list_repo_commits(self.repo, repo_type="dataset")
            return [(commit.created_at.timestamp(), commit.title) for commit in commits]

    def squash(self, most: int) -> bool:
        """Make one commit of the history when it has more than `most`; whether that was done."""
        if len(self.history()) <= most:
            return False
        with translated(f"squash the history of {self.repo}"):
            self.hub.api.super_squash_history(
                self.repo, repo_type="dataset", commit_message="Begin a new history"
            )
        return True
