"""A Hub repo as a store of small JSON files, written by compare-and-swap on its head.

Beside the files stand *sheets*: JSON lines, each of them the content of one file once more. They
let a new process read many files with few calls, and are never the truth: a line counts only where
the tree names a file of exactly that content.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import CommitOperationAdd, RepoFile
from huggingface_hub.errors import HfHubHTTPError

from bot.hub.client import Connection, TryLater, translated
from bot.installation import state

log = logging.getLogger(__name__)

MOVED = (409, 412)

# The Hub takes about 128 commits an hour to one repo, and then none for up to an hour. Half of the
# budget may be used at once; after that, commits are spread over the hour.
COMMITS_PER_HOUR = 100
_HOUR = 3600.0


def json_text(data: Mapping[str, Any]) -> str:
    """Sorted keys, one field a line: the history of the repo is the audit trail."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def sheet_text(files: Iterable[Mapping[str, Any]]) -> str:
    """One file a line."""
    lines = (json.dumps(data, sort_keys=True, ensure_ascii=False) for data in files)
    return "".join(f"{line}\n" for line in lines)


def _unfolded(sheet: str) -> Iterator[str]:
    """The texts of the files on a sheet."""
    for line in filter(None, sheet.split("\n")):
        try:
            yield json_text(json.loads(line))
        except ValueError as error:
            log.warning("a line of a sheet is no JSON, its file is read by itself: %s", error)


def blob_id(text: str) -> str:
    """What git calls a file with this content."""
    return state.blob_id(text.encode())


@dataclass
class LedgerRepo:
    """One dataset repo; remembers the files of the last head so as not to fetch them again."""

    hub: Connection
    name: str
    commits_per_hour: int = COMMITS_PER_HOUR
    _seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    _committed_at: list[float] = field(default_factory=list)

    def head(self) -> str:
        with translated(f"read the head of {self.name}"):
            return str(self.hub.api.repo_info(self.name, repo_type="dataset").sha)

    def files(self, head: str) -> dict[str, str]:
        """Path → text of every JSON file at this commit; the sheets where that is less to read."""
        with translated(f"read {self.name}"):
            tree = list(
                self.hub.api.list_repo_tree(
                    self.name, revision=head, recursive=True, repo_type="dataset"
                )
            )
            found = [item for item in tree if isinstance(item, RepoFile)]
            wanted = {item.path: item.blob_id for item in found if item.path.endswith(".json")}
            sheets = [item.path for item in found if item.path.endswith(".jsonl")]
            texts = dict(self._seen.values())
            if sum(blob not in texts for blob in wanted.values()) > len(sheets):
                for path in sheets:
                    texts |= {blob_id(text): text for text in _unfolded(self._text(path, head))}
            self._seen = {
                path: (blob, texts[blob] if blob in texts else self._text(path, head))
                for path, blob in wanted.items()
            }
        return {path: text for path, (_, text) in self._seen.items()}

    def _text(self, path: str, head: str) -> str:
        return self.hub.text(self.name, "dataset", path, head)

    def swap(self, head: str, changed: Mapping[str, str], message: str) -> str | None:
        """Commit the changed files on top of `head`; None when somebody else was faster."""
        operations = [
            CommitOperationAdd(path_in_repo=path, path_or_fileobj=text.encode())
            for path, text in changed.items()
        ]
        self._check_budget()
        with translated(f"write {self.name}"):
            try:
                commit = self.hub.api.create_commit(
                    self.name,
                    operations,
                    commit_message=message,
                    parent_commit=head,
                    repo_type="dataset",
                )
            except HfHubHTTPError as error:
                if error.response is not None and error.response.status_code in MOVED:
                    return None
                raise
        self._committed_at.append(self.hub.clock())
        for path, text in changed.items():
            if path.endswith(".json"):
                self._seen[path] = (blob_id(text), text)
        # The client skips a commit that changes nothing: then nothing was swapped either.
        return str(commit.oid) if commit.oid != head else None

    def _check_budget(self) -> None:
        """Raise TryLater if this process has written too often of late."""
        now, burst = self.hub.clock(), self.commits_per_hour // 2
        self._committed_at = [moment for moment in self._committed_at if now - moment < _HOUR]
        if len(self._committed_at) < burst:
            return
        wait = self._committed_at[-1] + _HOUR / (self.commits_per_hour - burst) - now
        if wait > 0:
            count = len(self._committed_at)
            raise TryLater(f"{self.name} was written {count} times in an hour: waiting", wait)

    def history(self) -> list[tuple[float, str]]:
        """When each commit was made, and its title; newest first."""
        with translated(f"read the history of {self.name}"):
            commits = self.hub.api.list_repo_commits(self.name, repo_type="dataset")
            return [(commit.created_at.timestamp(), commit.title) for commit in commits]

    def squash(self, most: int) -> bool:
        """Make one commit of the history when it has more than `most`; whether that was done."""
        if len(self.history()) <= most:
            return False
        with translated(f"squash the history of {self.name}"):
            self.hub.api.super_squash_history(
                self.name, repo_type="dataset", commit_message="Begin a new history"
            )
        return True
