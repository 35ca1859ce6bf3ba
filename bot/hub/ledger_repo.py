"""Store small JSON files in a repo, with compare-and-swap on its head.

*Sheets* hold copies of the files, one a line (JSON lines), so that a new process reads many files
with few calls. The files are authoritative: a line counts only if there is a file with exactly its
content.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from huggingface_hub import CommitOperationAdd, GitCommitInfo, RepoFile
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from bot.hub.client import Connection, Refused, TryLater, status_code, translate_errors
from bot.installation import state

log = logging.getLogger(__name__)

HEAD_MOVED_STATUSES = (409, 412)

# The Hub accepts about 128 commits an hour to one repo, and then none for up to an hour. Half of
# our budget may be used at once; after that, commits are spread over the hour.
COMMITS_PER_HOUR = 100
_HOUR = 3600.0
MAX_TITLE = 200


def json_text(data: Mapping[str, Any]) -> str:
    """Write JSON with sorted keys and one field a line: the repo's diffs are the audit trail."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def index_text(files: Iterable[Mapping[str, Any]]) -> str:
    """Write the content of one file a line."""
    lines = (json.dumps(data, sort_keys=True, ensure_ascii=False) for data in files)
    return "".join(f"{line}\n" for line in lines)


def _files_of_index(index: str) -> Iterator[tuple[str, str]]:
    """Yield the blob ids and texts of the files in an index file."""
    for line in filter(None, index.split("\n")):
        try:
            yield _file_of_line(line)
        except (ValueError, RecursionError) as error:
            log.warning(
                "a line of an index file cannot be read, so its file is read instead: %s", error
            )


@lru_cache(maxsize=2048)  # of a changed index file, most lines are as before
def _file_of_line(line: str) -> tuple[str, str]:
    text = json_text(json.loads(line))
    return blob_id(text), text


def blob_id(text: str) -> str:
    """Return the git blob id of a file with this content."""
    return state.blob_id(text.encode())


@dataclass
class LedgerRepo:
    """A dataset repo; keeps the files of the last head, so that only changed ones are read again.

    All methods raise TryLater and Refused.
    """

    hub: Connection
    name: str
    commits_per_hour: int = COMMITS_PER_HOUR
    _files: dict[str, tuple[str, str]] = field(default_factory=dict)  # path → blob id and text
    _committed_at: list[float] = field(default_factory=list)

    def head(self) -> str:
        with translate_errors(f"read the head of {self.name}"):
            try:
                return str(self.hub.api.repo_info(self.name, repo_type="dataset").sha)
            except RepositoryNotFoundError as error:
                raise Refused(
                    f"there is no dataset {self.name} on {self.hub.endpoint}, or this token cannot"
                    " see it: check KAKUGO_ORG and HF_TOKEN, or create the installation with"
                    " `kakugo deploy`"
                ) from error

    def files(self, head: str) -> dict[str, str]:
        """Return path → text of every JSON file at this commit, read with few calls."""
        with translate_errors(f"read {self.name}"):
            tree = self.hub.api.list_repo_tree(
                self.name, revision=head, recursive=True, repo_type="dataset"
            )
            items = [item for item in tree if isinstance(item, RepoFile)]
            blobs = {item.path: item.blob_id for item in items if item.path.endswith(".json")}
            indexes = [item.path for item in items if item.path.endswith(".jsonl")]
            texts = dict(self._files.values())
            if sum(blob not in texts for blob in blobs.values()) > len(indexes):
                for path in indexes:
                    texts |= _files_of_index(self._text(path, head))
            self._files = {
                path: (blob, texts[blob] if blob in texts else self._text(path, head))
                for path, blob in blobs.items()
            }
        return {path: text for path, (_, text) in self._files.items()}

    def _text(self, path: str, head: str) -> str:
        # A byte that is not UTF-8 becomes an escape that JSON does not know, so it is refused.
        return self.hub.content(self.name, "dataset", path, head).decode(errors="backslashreplace")

    def swap(self, head: str, changed: Mapping[str, str], message: str) -> str | None:
        """Commit the changed files on top of `head`, and return the new head.

        Each line of the message says what was decided; the title has as many of them as fit, the
        description all. Return None if another commit came first.
        """
        operations = [
            CommitOperationAdd(path_in_repo=path, path_or_fileobj=text.encode())
            for path, text in changed.items()
        ]
        self._check_budget()
        with translate_errors(f"write {self.name}"):
            try:
                commit = self.hub.api.create_commit(
                    self.name,
                    operations,
                    commit_message="; ".join(message.splitlines())[:MAX_TITLE],
                    commit_description=message,
                    parent_commit=head,
                    repo_type="dataset",
                )
            except HfHubHTTPError as error:
                if status_code(error) in HEAD_MOVED_STATUSES:
                    return None
                raise
        self._committed_at.append(self.hub.clock())
        for path, text in changed.items():
            if path.endswith(".json"):
                self._files[path] = (blob_id(text), text)
        # The client skips a commit that changes nothing: then nothing was compared either.
        return str(commit.oid) if commit.oid != head else None

    def _check_budget(self) -> None:
        """Raise TryLater if this process has committed too often in the last hour."""
        now, burst = self.hub.clock(), self.commits_per_hour // 2
        self._committed_at = [moment for moment in self._committed_at if now - moment < _HOUR]
        count = len(self._committed_at)
        if count < burst:
            return
        wait = self._committed_at[-1] + _HOUR / (self.commits_per_hour - burst) - now
        if wait > 0:
            raise TryLater(f"{self.name} was written {count} times in an hour: waiting", wait)

    def history(self) -> list[tuple[float, list[str]]]:
        """Return the time of each commit and what it decided, newest first."""
        with translate_errors(f"read the history of {self.name}"):
            commits = self.hub.api.list_repo_commits(self.name, repo_type="dataset")
            return [(commit.created_at.timestamp(), _parts(commit)) for commit in commits]

    def squash(self, max_commits: int) -> bool:
        """Replace a history of more than `max_commits` by one commit; return whether it was."""
        if len(self.history()) <= max_commits:
            return False
        with translate_errors(f"squash the history of {self.name}"):
            self.hub.api.super_squash_history(
                self.name, repo_type="dataset", commit_message="Start a new history"
            )
        return True


def _parts(commit: GitCommitInfo) -> list[str]:
    """Return what a commit decided; older commits have it only in their title."""
    return (commit.message or "").strip().splitlines() or commit.title.split("; ")
