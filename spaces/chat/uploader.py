"""Upload the outbox to the feedback dataset: in batches, again after an outage, never twice.

The only file of this Space that writes to the Hub. A batch is one commit. The outbox forgets its
rows only after the Hub has confirmed it, and a batch that is sent twice changes nothing.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from pathlib import Path
from typing import Literal

from common.hub_errors import HUB_ERRORS
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from outbox import Outbox

BATCH_SIZE = 200
# The Hub accepts about 128 commits an hour. A Space has no disk that outlives a crash, so the first
# uploads of an hour follow each other at once, and the others keep below the limit.
UPLOAD_INTERVAL_SECONDS, SHORT_INTERVAL_SECONDS, SHORT_INTERVALS = 60.0, 2.0, 40
FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS = 10.0, 600.0
LISTING_LAG_SECONDS = 600.0  # how long the Hub's listing may lag behind its commits
SHUTDOWN_SECONDS = 8.0  # how long a Space may still run after the signal to stop
CARD_PATH = "README.md"
CARD = Path(__file__).with_name("feedback_card.md")
DeleteResult = Literal["deleted", "not_found", "pending"]


def interval_after(uploads: int) -> float:
    """Return the seconds until the next upload, after this many in the last hour."""
    return SHORT_INTERVAL_SECONDS if uploads < SHORT_INTERVALS else UPLOAD_INTERVAL_SECONDS


class Uploader:
    """A thread that uploads; other threads may upload too when they need the result at once."""

    def __init__(self, api: HfApi, repo: str, outbox: Outbox) -> None:
        self._api = api
        self._repo = repo
        self._outbox = outbox
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._repo_exists = False

    def start(self) -> None:
        """Upload what an earlier process left, then what comes, until the process ends."""
        self._wake.set()
        threading.Thread(target=self._run, name="uploader", daemon=True).start()

    def wake(self) -> None:
        """Say that the outbox has something new."""
        self._wake.set()

    def close(self) -> None:
        """Upload a last time, as long as there is time; what is left stays in the outbox."""
        last = threading.Thread(target=self._try_upload, name="last upload", daemon=True)
        last.start()
        last.join(SHUTDOWN_SECONDS)

    def delete(self, path: str, decision: str) -> DeleteResult:
        """Delete a row and its decision here and on the Hub, as soon as it can be reached.

        Raises OutboxFull and OSError.
        """
        self._outbox.delete(decision)
        was_waiting = self._outbox.delete(path)
        deleted = self._try_upload()
        self.wake()
        if deleted is None:
            return "pending"
        return "deleted" if was_waiting or path in deleted else "not_found"

    def upload(self) -> set[str]:
        """Make one commit of a batch; return the paths that it deleted.

        Raises one of `HUB_ERRORS`; nothing is lost then.
        """
        with self._lock:
            deletions, rows = self._outbox.deletions(), self._outbox.rows(BATCH_SIZE)
            if not deletions and not rows:
                return set()
            self._create_repo()
            existing = self._paths_on_hub([*deletions, CARD_PATH])
            to_delete = {path for path in deletions if path in existing}
            to_add = {path: text.encode() for path, text in rows.items()}
            if CARD_PATH not in existing:
                to_add[CARD_PATH] = CARD.read_bytes()
            self._commit(to_add, to_delete)
            self._outbox.forget_rows(rows)
            self._outbox.forget_deletions(
                path
                for path, age in deletions.items()
                if path in to_delete or age > LISTING_LAG_SECONDS
            )
            return to_delete

    def _create_repo(self) -> None:
        """Create the dataset, private; its card says why."""
        if not self._repo_exists:
            self._api.create_repo(self._repo, repo_type="dataset", private=True, exist_ok=True)
            self._repo_exists = True

    def _paths_on_hub(self, paths: list[str]) -> set[str]:
        infos = self._api.get_paths_info(self._repo, paths, repo_type="dataset")
        return {info.path for info in infos}

    def _commit(self, to_add: dict[str, bytes], to_delete: set[str]) -> None:
        operations: list[CommitOperationAdd | CommitOperationDelete] = []
        operations += [CommitOperationAdd(path, content) for path, content in to_add.items()]
        operations += [CommitOperationDelete(path) for path in sorted(to_delete)]
        if operations:
            message = f"Feedback: {len(to_add)} added, {len(to_delete)} deleted"
            self._api.create_commit(
                self._repo, operations, commit_message=message, repo_type="dataset"
            )

    def _try_upload(self) -> set[str] | None:
        try:
            return self.upload()
        except HUB_ERRORS as error:
            logging.warning("cannot upload to %s: %s: %s", self._repo, type(error).__name__, error)
            self._repo_exists = False
            return None

    def _run(self) -> None:
        retry_seconds, recent = FIRST_RETRY_SECONDS, list[float]()
        while True:
            self._wake.wait()
            self._wake.clear()
            started = time.monotonic()
            if self._try_upload() is None:
                wait = retry_seconds * random.uniform(0.5, 1.5)
                retry_seconds = min(2 * retry_seconds, MAX_RETRY_SECONDS)
                self._wake.set()
            else:
                recent = [moment for moment in (*recent, started) if started - moment < 3600]
                wait, retry_seconds = interval_after(len(recent)), FIRST_RETRY_SECONDS
                if self._outbox.deletions() or self._outbox.rows(1):
                    self._wake.set()
            time.sleep(max(0.0, started + wait - time.monotonic()))
