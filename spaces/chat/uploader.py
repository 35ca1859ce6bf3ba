"""Brings the outbox to the feedback dataset: in batches, again after an outage, nothing twice.

The only file of this Space that writes to the Hub. A batch is one commit; the outbox forgets what
is in it only after the Hub has answered, and a batch sent twice changes nothing.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from pathlib import Path
from typing import Literal

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from outbox import Outbox

BATCH = 200
EVERY_SECONDS = 60.0  # the Hub takes about a hundred commits an hour
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
SURE_SECONDS = 600.0  # so long a listing of the Hub may lag behind its commits
LAST_SECONDS = 8.0  # what a Space has between the signal to end and its end
CARD_PATH = "README.md"
CARD = Path(__file__).with_name("feedback_card.md")
TROUBLE = (httpx2.HTTPError, OSError, ValueError)
Deleted = Literal["deleted", "nothing", "later"]


class Pusher:
    """One thread that pushes; whoever wants to know at once may push as well."""

    def __init__(self, api: HfApi, repo: str, outbox: Outbox) -> None:
        self._api = api
        self._repo = repo
        self._outbox = outbox
        self._one = threading.Lock()
        self._wake = threading.Event()
        self._ready = False

    def start(self) -> None:
        """Push what an earlier process left, then whatever comes, until this one ends."""
        self._wake.set()
        threading.Thread(target=self._work, name="pusher", daemon=True).start()

    def nudge(self) -> None:
        """Say that there is something new."""
        self._wake.set()

    def close(self) -> None:
        """Push a last time, for as long as there is time; what is not pushed stays where it is."""
        last = threading.Thread(target=self._try, name="last push", daemon=True)
        last.start()
        last.join(LAST_SECONDS)

    def delete(self, path: str) -> Deleted:
        """Delete a row, here and on the Hub: at once, or as soon as the Hub can be reached."""
        waited = self._outbox.drop(path)
        deleted = self._try()
        self.nudge()
        if deleted is None:
            return "later"
        return "deleted" if waited or path in deleted else "nothing"

    def push(self) -> set[str]:
        """Make one commit of what waits; return the paths it deleted.

        Raises httpx2.HTTPError (the Hub's refusals among them), OSError or ValueError; nothing is
        lost then.
        """
        with self._one:
            drops, rows = self._outbox.drops(), self._outbox.rows(BATCH)
            if not drops and not rows:
                return set()
            self._ensure()
            there = self._there([*drops, CARD_PATH])
            found = {path for path in drops if path in there}
            adds = {path: text.encode() for path, text in rows.items()}
            if CARD_PATH not in there:
                adds[CARD_PATH] = CARD.read_bytes()
            self._commit(adds, found)
            self._outbox.added(rows)
            self._outbox.dropped(p for p, age in drops.items() if p in found or age > SURE_SECONDS)
            return found

    def _ensure(self) -> None:
        """The dataset is private: see its card for why."""
        if not self._ready:
            self._api.create_repo(self._repo, repo_type="dataset", private=True, exist_ok=True)
            self._ready = True

    def _there(self, paths: list[str]) -> set[str]:
        found = self._api.get_paths_info(self._repo, paths, repo_type="dataset")
        return {one.path for one in found}

    def _commit(self, adds: dict[str, bytes], deletes: set[str]) -> None:
        operations: list[CommitOperationAdd | CommitOperationDelete] = []
        operations += [CommitOperationAdd(path, content) for path, content in adds.items()]
        operations += [CommitOperationDelete(path) for path in sorted(deletes)]
        if operations:
            said = f"Feedback: {len(adds)} added, {len(deletes)} deleted"
            self._api.create_commit(
                self._repo, operations, commit_message=said, repo_type="dataset"
            )

    def _try(self) -> set[str] | None:
        try:
            return self.push()
        except TROUBLE as error:
            logging.warning("cannot push to %s: %s: %s", self._repo, type(error).__name__, error)
            self._ready = False
            return None

    def _work(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._wake.wait()
            self._wake.clear()
            begun = time.monotonic()
            if self._try() is None:
                wait = pause * random.uniform(0.5, 1.5)
                pause = min(2 * pause, LONGEST_PAUSE)
                self._wake.set()
            else:
                wait, pause = EVERY_SECONDS, FIRST_PAUSE
                if self._outbox.drops() or self._outbox.rows(1):
                    self._wake.set()
            time.sleep(max(0.0, begun + wait - time.monotonic()))
