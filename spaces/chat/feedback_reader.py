"""Read the feedback that waits for a decision: what is on the Hub, and what is still in the outbox.

Nothing of it stays on this Space's disk, so that a row that its author deletes is gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from decisions import DECISIONS, REVIEWERS, Contribution, parse_reviewer
from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from outbox import MAX_FILES, Outbox

MAX_DOWNLOADS = 300  # at once; the next look downloads more


@dataclass(frozen=True)
class WaitingFeedback:
    """The rows that wait, oldest first; how many each account has sent; which accounts are known.

    Rows of known accounts do not wait.
    """

    rows: tuple[Contribution, ...]
    accounts: Counter[str]
    known: frozenset[str]


class FeedbackReader:
    """Reads one dataset; a file is downloaded again only after it changed."""

    def __init__(self, api: HfApi, repo: str, outbox: Outbox) -> None:
        self._api, self._repo, self._outbox = api, repo, outbox
        self._contents: dict[str, dict[str, tuple[str, str]]] = {}

    def read(self, code: str) -> WaitingFeedback:
        """Return what waits in a language. Raises one of `HUB_ERRORS`."""
        stored, revision = self._list(code)
        pending = self._outbox.rows(MAX_FILES)
        deleted = self._outbox.deletions()
        own = {path: text for path, text in pending.items() if path.startswith(f"data/{code}/")}
        paths = sorted({*stored, *own} - deleted.keys())
        decided = {Path(path).stem for path in paths if _folder(path) == DECISIONS}
        needed = [
            path for path in paths if _folder(path) != DECISIONS and Path(path).stem not in decided
        ]
        texts = self._download(code, {p: stored[p] for p in needed if p in stored}, revision)
        return waiting({path: text for path, text in {**texts, **own}.items() if path in needed})

    def _list(self, code: str) -> tuple[dict[str, str], str]:
        """Return the blob id of each file of a language, and the commit."""
        try:
            revision = str(self._api.dataset_info(self._repo).sha)
            tree = list(
                self._api.list_repo_tree(
                    self._repo,
                    f"data/{code}",
                    recursive=True,
                    repo_type="dataset",
                    revision=revision,
                )
            )
        except (EntryNotFoundError, RepositoryNotFoundError):
            return {}, ""
        return {item.path: item.blob_id for item in tree if isinstance(item, RepoFile)}, revision

    def _download(self, code: str, blobs: dict[str, str], revision: str) -> dict[str, str]:
        """Return the content by path; only that of files that are still there is kept."""
        old = self._contents.get(code, {})
        known = {path: old[path] for path in blobs if old.get(path, ("",))[0] == blobs[path]}
        missing = [path for path in blobs if path not in known][:MAX_DOWNLOADS]
        if missing:
            with TemporaryDirectory() as folder:
                self._api.snapshot_download(
                    self._repo,
                    repo_type="dataset",
                    revision=revision,
                    allow_patterns=missing,
                    local_dir=folder,
                )
                for path in missing:
                    text = (Path(folder) / path).read_text(encoding="utf-8", errors="replace")
                    known[path] = blobs[path], text
        self._contents[code] = known
        return {path: text for path, (_, text) in known.items()}


def waiting(texts: dict[str, str]) -> WaitingFeedback:
    """Parse the files of one language that are not decisions; the invalid ones are left out."""
    reviewers = [parse_reviewer(text) for path, text in texts.items() if _folder(path) == REVIEWERS]
    known = frozenset(account for account, is_known in reviewers if account and is_known)
    rows = [row for path, text in sorted(texts.items()) if (row := Contribution.parse(path, text))]
    accounts = Counter(row.account for row in rows if row.account)
    return WaitingFeedback(tuple(row for row in rows if row.account not in known), accounts, known)


def _folder(path: str) -> str:
    return Path(path).parent.name
