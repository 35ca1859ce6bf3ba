"""The journal on the Hub: shards of answers that every machine can reuse.

A shard is a file of journal lines, `common/00000012-<digest>.jsonl` or `gla_Latn/…`. It never
changes, and its number follows the order of the commits, which compare-and-swap decides, so that
several runs may push at once. A thread pushes while the run goes on; when the Hub cannot be
reached, answers wait on disk.
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
from recipes.generate.journal.local import COMMON, Journal, UnsharedLine
from recipes.validation.errors import reason_of
from recipes.validation.ranges import Amount, PositiveAmount, PositiveCount, Text

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SHARD_PATH = re.compile(r"(?P<partition>[\w]+)/(?P<number>\d{8})-(?P<digest>[0-9a-f]{16})\.jsonl")
FORBIDDEN = (401, 403)
POLL_SECONDS = 0.5  # between checks whether a push is due


@dataclass(frozen=True)
class JournalSettings:
    """Where and when answers that were paid for are pushed; times in seconds."""

    repo: Text
    """The dataset with the shards."""
    first_seconds: PositiveAmount
    """The time before the first push; it doubles with each push, up to `every_seconds`."""
    every_seconds: PositiveAmount
    every_answers: PositiveCount
    """The number of answers after which a push is due earlier."""
    push_bytes: PositiveCount
    """The size of one push, about."""
    merge_from: PositiveCount
    """The number of shards in a partition from which those that can be are merged."""
    merged_bytes: PositiveCount
    """The largest size of a merged shard."""
    tries: PositiveCount
    """Attempts at one push."""
    backoff: Amount
    """Seconds between the first two attempts."""


@dataclass(frozen=True, order=True)
class Shard:
    """A shard, known by its path; earlier ones sort first."""

    partition: str
    number: int
    digest: str
    size: int = field(default=0, compare=False)

    @property
    def path(self) -> str:
        """The path in the repository and in the local copy."""
        return f"{self.partition}/{self.number:08}-{self.digest}.jsonl"


@dataclass
class HubJournal:
    """The shards of one language and those of all languages; `folder` has a copy of them."""

    api: HfApi
    settings: JournalSettings
    journal: Journal
    folder: Path
    language: str
    _is_open: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def pull(self) -> None:
        """Download the shards and add them to the journal; raises the client's errors."""
        self._is_open = self._open_repo()
        if self._is_open:
            head = self._head()
            for partition in (COMMON, self.language):
                for shard in self._list_shards(partition, head):
                    self._download(shard, head)
        for partition in (COMMON, self.language):
            for path in sorted((self.folder / partition).glob("*.jsonl")):
                self.journal.add_shard(path)
        if self._is_open:
            self.journal.track_unshared()

    def push(self) -> bool:
        """Push all unshared answers; return whether none are left. Thread-safe."""
        with self._lock:
            while self._is_open and (lines := self.journal.unshared(self.settings.push_bytes)):
                if not self._push_lines(lines):
                    return False
                self.journal.mark_shared(len(lines))
        return not self.journal.unshared_count

    def summary(self) -> str:
        """Say how many answers are kept for the next run."""
        count, unshared = len(self.journal), self.journal.unshared_count
        kept = "1 answer is kept" if count == 1 else f"{count:,} answers are kept"
        return f"{kept}, {unshared:,} of them only in {self.folder.parent}" if unshared else kept

    @asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        """Push in the background, and once more at the end, however that comes."""
        task = asyncio.create_task(self._push_when_due())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.to_thread(self.push)

    async def _push_when_due(self) -> None:
        """Push whenever that is due; after a failure, the next push is only due by time."""
        interval = self.settings.first_seconds
        last_push, succeeded = time.monotonic(), True
        while self._is_open:
            await asyncio.sleep(min(POLL_SECONDS, interval))
            is_full = succeeded and self.journal.unshared_count >= self.settings.every_answers
            is_due = is_full or time.monotonic() - last_push >= interval
            if self.journal.unshared_count and is_due:
                succeeded = await asyncio.to_thread(self.push)
                last_push = time.monotonic()
                interval = min(2 * interval, self.settings.every_seconds)

    def merge(self) -> None:
        """Merge small shards in one commit per partition; a failure is left to the next run."""
        try:
            head = self._head() if self._is_open else ""
            for partition in (COMMON, self.language) if head else ():
                groups = mergeable(self._list_shards(partition, head), self.settings)
                operations = [
                    operation for group in groups for operation in self._merge_group(group, head)
                ]
                if operations:
                    self._commit(operations, head, f"Merge shards of {partition}")
                    head = self._head()
        except (HfHubHTTPError, httpx2.HTTPError) as error:
            say(f"shards of {self.settings.repo} were not merged: {reason_of(error)}")

    def _open_repo(self) -> bool:
        """Create the private repository if it is missing; return whether it can be used."""
        only_here = f"answers are only kept in {self.folder}"
        if not get_token():
            say(f"no token for the Hub: {only_here}")
            return False
        try:
            self.api.create_repo(
                self.settings.repo, repo_type="dataset", private=True, exist_ok=True
            )
        except HfHubHTTPError as error:
            if _status(error) not in FORBIDDEN:
                raise
            say(f"the token has no access to {self.settings.repo}: {only_here}")
            return False
        return True

    def _head(self) -> str:
        return str(self.api.dataset_info(self.settings.repo).sha)

    def _list_shards(self, partition: str, head: str) -> list[Shard]:
        """Return the shards of a partition at a commit, in their order."""
        tree = self.api.list_repo_tree(
            self.settings.repo, partition, revision=head, repo_type="dataset"
        )
        shards = []
        try:
            for item in tree:
                if match := SHARD_PATH.fullmatch(item.path):
                    number, size = int(match["number"]), getattr(item, "size", 0)
                    shards.append(Shard(match["partition"], number, match["digest"], size))
        except EntryNotFoundError:
            return []  # the partition is empty
        return sorted(shards)

    def _download(self, shard: Shard, head: str) -> bool:
        """Download a shard unless it is there; one that does not match its digest is deleted."""
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
            is_intact = hashlib.file_digest(file, "sha256").hexdigest().startswith(shard.digest)
        if not is_intact:
            path.unlink()
            say(f"skipped {shard.path} of {self.settings.repo}: it is damaged")
        return is_intact

    def _push_lines(self, lines: Sequence[UnsharedLine]) -> bool:
        """Push these lines in one commit; return whether one of the attempts succeeded."""
        contents = {
            partition: b"".join(line.line for line in lines if line.partition == partition)
            for partition in sorted({line.partition for line in lines})
        }
        answers = "1 answer" if len(lines) == 1 else f"{len(lines)} answers"
        for attempt in range(self.settings.tries):
            try:
                head = self._head()
                operations = list(self._additions(contents, head))
                if operations:  # empty if an attempt that seemed to fail had succeeded
                    self._commit(operations, head, f"Add {answers}")
                return True
            except (HfHubHTTPError, httpx2.HTTPError) as error:
                reason = reason_of(error)
                if _status(error) in FORBIDDEN:
                    self._is_open = False
                    break
            if attempt + 1 < self.settings.tries:
                time.sleep(self.settings.backoff * 2**attempt * random.uniform(0.5, 1.0))
        say(f"could not push {answers} to {self.settings.repo}, the run continues: {reason}")
        return False

    def _additions(self, contents: dict[str, bytes], head: str) -> Iterator[CommitOperationAdd]:
        for partition, content in contents.items():
            shards = self._list_shards(partition, head)
            digest = hashlib.sha256(content).hexdigest()[:16]
            if digest not in {shard.digest for shard in shards}:
                number = max((shard.number for shard in shards), default=0) + 1
                yield CommitOperationAdd(Shard(partition, number, digest).path, content)

    def _merge_group(
        self, group: Sequence[Shard], head: str
    ) -> list[CommitOperationAdd | CommitOperationDelete]:
        """Return the operations that replace these shards by one with all their lines."""
        intact = [shard for shard in group if self._download(shard, head)]
        if len(intact) < 2:
            return []
        scratch = self.folder / intact[0].partition / "merged"
        with scratch.open("wb") as file:
            for shard in intact:
                with (self.folder / shard.path).open("rb") as part:
                    shutil.copyfileobj(part, file)
        with scratch.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        merged = Shard(intact[0].partition, intact[0].number, digest)
        scratch.replace(self.folder / merged.path)
        deletions = [CommitOperationDelete(shard.path) for shard in intact]
        return [CommitOperationAdd(merged.path, self.folder / merged.path), *deletions]

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


def mergeable(shards: Sequence[Shard], settings: JournalSettings) -> list[list[Shard]]:
    """Group neighbouring shards that fit into one, if there are enough shards."""
    if len(shards) < settings.merge_from:
        return []
    groups: list[list[Shard]] = [[]]
    for shard in shards:
        if sum(other.size for other in groups[-1]) + shard.size > settings.merged_bytes:
            groups.append([])
        groups[-1].append(shard)
    return [group for group in groups if len(group) > 1]


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    return response.status_code if response is not None else 0
