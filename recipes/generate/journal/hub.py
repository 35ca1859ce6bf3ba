"""The journal on the Hub: what any machine paid for, no machine pays for again.

A shard is a file of journal lines, `common/00000012-<digest>.jsonl` or `gla_Latn/…`: never changed,
numbered in the order of its commit, which compare-and-swap decides. Several runs may push at once.
Pushing goes on in a thread beside the run; while the Hub is out of reach, answers wait on the disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, get_token
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

from recipes.core.progress import say
from recipes.generate.journal.local import COMMON, Journal, Paid

if TYPE_CHECKING:
    from huggingface_hub import HfApi

NAME = re.compile(r"(?P<shelf>[\w]+)/(?P<number>\d{8})-(?P<digest>[0-9a-f]{16})\.jsonl")
CLOSED = (401, 403)
LOOK_EVERY = 0.5  # seconds between two looks whether a push is due


@dataclass(frozen=True)
class JournalSettings:
    """Where, and how often; each key of `generate.journal` in the recipe.

    A first push after `first_seconds`, the next after twice as long each time up to
    `every_seconds`, or after so many answers; each of up to `push_bytes`. From `merge_from` shards
    on a shelf, neighbours become one of up to `merged_bytes`. `tries` and `backoff` (seconds) bound
    what one push may take.
    """

    repo: str
    first_seconds: float
    every_seconds: float
    every_answers: int
    push_bytes: int
    merge_from: int
    merged_bytes: int
    tries: int
    backoff: float


@dataclass(frozen=True, order=True)
class Shard:
    """A shard by its name: sorted, the earlier ones come first."""

    shelf: str
    number: int
    digest: str
    size: int = field(default=0, compare=False)

    @property
    def path(self) -> str:
        """Its path in the repository and in the local copy."""
        return f"{self.shelf}/{self.number:08}-{self.digest}.jsonl"


@dataclass
class Shards:
    """The shards of one language and of all; `folder` holds a copy of them, `journal` ours."""

    api: HfApi
    settings: JournalSettings
    journal: Journal
    folder: Path
    language: str
    _open: bool = field(default=False, init=False)
    _alone: threading.Lock = field(default_factory=threading.Lock, init=False)

    def pull(self) -> None:
        """Fetch what there is and let the journal know it; raises the client's errors."""
        self._open = self._may_open()
        if self._open:
            head = self._head()
            for shelf in (COMMON, self.language):
                for shard in self._listed(shelf, head):
                    self._fetch(shard, head)
        for shelf in (COMMON, self.language):
            for path in sorted((self.folder / shelf).glob("*.jsonl")):
                self.journal.add(path)
        if self._open:
            self.journal.share()

    def push(self) -> bool:
        """Push all that waits, within bounds; whether nothing is left behind. Any thread may."""
        with self._alone:
            while self._open and (paid := self.journal.unsent(self.settings.push_bytes)):
                if not self._try(paid):
                    return False
                self.journal.sent(len(paid))
        return not self.journal.waiting

    def kept(self) -> str:
        """How many answers a rerun will not ask for, in words."""
        here = self.journal.waiting
        alone = f", {here:,} of them in {self.folder.parent} alone" if here else ""
        return f"{len(self.journal):,} answers are kept{alone}"

    @asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        """Push while something else goes on, and once more however that ends."""
        task = asyncio.create_task(self._keep_pushing())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.to_thread(self.push)

    async def _keep_pushing(self) -> None:
        """Push whenever it is due; a push that fails waits for its next turn."""
        wait = self.settings.first_seconds
        last, well = time.monotonic(), True
        while self._open:
            await asyncio.sleep(min(LOOK_EVERY, wait))
            many = well and self.journal.waiting >= self.settings.every_answers
            if self.journal.waiting and (many or time.monotonic() - last >= wait):
                well = await asyncio.to_thread(self.push)
                last, wait = time.monotonic(), min(2 * wait, self.settings.every_seconds)

    def merge(self) -> None:
        """Make few shards of many, in one commit; left to the next run where that fails."""
        try:
            head = self._head() if self._open else ""
            for shelf in (COMMON, self.language) if head else ():
                groups = neighbours(self._listed(shelf, head), self.settings)
                operations = [step for group in groups for step in self._joined(group, head)]
                if operations:
                    self._commit(operations, head, f"Join shards of {shelf}")
                    head = self._head()
        except (HfHubHTTPError, httpx2.HTTPError) as error:
            say(f"shards of {self.settings.repo} stay as they are: {_first_line(error)}")

    def _may_open(self) -> bool:
        """Whether there is a repository for us; makes a private one where there is none."""
        kept = f"answers are kept in {self.folder} alone"
        if not get_token():
            say(f"no token for the Hub: {kept}")
            return False
        try:
            self.api.create_repo(
                self.settings.repo, repo_type="dataset", private=True, exist_ok=True
            )
        except HfHubHTTPError as error:
            if _status(error) not in CLOSED:
                raise
            say(f"{self.settings.repo} is closed to us: {kept}")
            return False
        return True

    def _head(self) -> str:
        return str(self.api.dataset_info(self.settings.repo).sha)

    def _listed(self, shelf: str, head: str) -> list[Shard]:
        """The shards of a shelf at a commit, in their order."""
        tree = self.api.list_repo_tree(
            self.settings.repo, shelf, revision=head, repo_type="dataset"
        )
        found = []
        try:
            for item in tree:
                if named := NAME.fullmatch(item.path):
                    number, size = int(named["number"]), getattr(item, "size", 0)
                    found.append(Shard(named["shelf"], number, named["digest"], size))
        except EntryNotFoundError:
            return []  # nobody has put anything there yet
        return sorted(found)

    def _fetch(self, shard: Shard, head: str) -> bool:
        """Have a copy of the shard; one that is not what its name says is left out."""
        path = self.folder / shard.path
        if not path.exists():
            self.api.hf_hub_download(
                self.settings.repo,
                shard.path,
                repo_type="dataset",
                revision=head,
                local_dir=self.folder,
            )
        with path.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest().startswith(shard.digest)
        if not whole:
            path.unlink()
            say(f"{shard.path} of {self.settings.repo} is damaged: it is left out")
        return whole

    def _try(self, paid: Sequence[Paid]) -> bool:
        """One commit of these answers, tried so often; a sentence when it cannot be."""
        contents = {
            shelf: b"".join(one.line for one in paid if one.shelf == shelf)
            for shelf in sorted({one.shelf for one in paid})
        }
        for attempt in range(self.settings.tries):
            try:
                head = self._head()
                operations = list(self._new(contents, head))
                if operations:  # none: an earlier try had only seemed to fail
                    self._commit(operations, head, f"Add {len(paid)} answers")
                return True
            except (HfHubHTTPError, httpx2.HTTPError) as error:
                said = _first_line(error)
                if _status(error) in CLOSED:
                    self._open = False
                    break
            if attempt + 1 < self.settings.tries:
                time.sleep(self.settings.backoff * 2**attempt * random.uniform(0.5, 1.0))
        say(f"{len(paid)} answers are not on {self.settings.repo} yet, the run goes on: {said}")
        return False

    def _new(self, contents: dict[str, bytes], head: str) -> Iterator[CommitOperationAdd]:
        for shelf, content in contents.items():
            there = self._listed(shelf, head)
            digest = hashlib.sha256(content).hexdigest()[:16]
            if digest not in {shard.digest for shard in there}:
                number = max((shard.number for shard in there), default=0) + 1
                yield CommitOperationAdd(Shard(shelf, number, digest).path, content)

    def _joined(
        self, group: Sequence[Shard], head: str
    ) -> list[CommitOperationAdd | CommitOperationDelete]:
        """What puts one shard, with all their lines in order, in the place of these."""
        whole = [shard for shard in group if self._fetch(shard, head)]
        if len(whole) < 2:
            return []
        joined = self.folder / whole[0].shelf / "joined"
        with joined.open("wb") as file:
            for shard in whole:
                with (self.folder / shard.path).open("rb") as part:
                    shutil.copyfileobj(part, file)
        with joined.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        made = Shard(whole[0].shelf, whole[0].number, digest)
        joined.replace(self.folder / made.path)
        removed = [CommitOperationDelete(shard.path) for shard in whole]
        return [CommitOperationAdd(made.path, self.folder / made.path), *removed]

    def _commit(
        self,
        operations: Sequence[CommitOperationAdd | CommitOperationDelete],
        head: str,
        message: str,
    ) -> None:
        self.api.create_commit(
            self.settings.repo,
            operations,
            commit_message=message,
            parent_commit=head,
            repo_type="dataset",
        )


def neighbours(shards: Sequence[Shard], settings: JournalSettings) -> list[list[Shard]]:
    """Which shards become one: runs of neighbours that fit, when there are many shards."""
    if len(shards) < settings.merge_from:
        return []
    groups: list[list[Shard]] = [[]]
    for shard in shards:
        if sum(one.size for one in groups[-1]) + shard.size > settings.merged_bytes:
            groups.append([])
        groups[-1].append(shard)
    return [group for group in groups if len(group) > 1]


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    return response.status_code if response is not None else 0


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
