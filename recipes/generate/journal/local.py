"""The journal on disk: append-only files of answers that outlive the process.

Answers that this run pays for go to one JSON Lines file, each in one write before it is used. Only
the last line can be torn by a kill; it is dropped at the next start. Shards of earlier runs are
read in addition. The index over all files is a scratch database that is built at every start, so
that memory does not grow with the answers. `hub.py` downloads and uploads shards.

A line is `{"key", "shelf", "by", "usd", "answer"}`: the sha256 of the request, the partition
(`common` or the code of a language), the code of the language whose run paid, the US dollars billed
for the answer, and the answer.
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.generate.journal.usage import UsageCounter

COMMON = "common"
BATCH_ANSWERS = 1_000  # that are added to the index at once
CREATE_INDEX = """CREATE TABLE places (key BLOB PRIMARY KEY, file INT, start INT, size INT, own INT,
                  shared INT) WITHOUT ROWID"""
INSERT_PAID = "INSERT OR IGNORE INTO places VALUES (?, 0, ?, ?, 1, 0)"
# The first answer counts, but one that this language's runs paid for and used comes before others.
INSERT_SHARED = """INSERT INTO places VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT (key) DO UPDATE SET
                   shared = 1, own = max(own, ?5),
                   file = CASE WHEN ?5 > own THEN ?2 ELSE file END,
                   start = CASE WHEN ?5 > own THEN ?3 ELSE start END,
                   size = CASE WHEN ?5 > own THEN ?4 ELSE size END"""


class LinePosition(NamedTuple):
    """Where a whole line is in its file, the key of its answer (16 bytes), and who paid for it."""

    start: int
    size: int
    key: bytes
    partition: str
    payer: str


class Entry(NamedTuple):
    """An answer, the US dollars billed for it, and whether a run for another language paid."""

    answer: dict[str, Any]
    usd: float
    by_other_language: bool


@dataclass(frozen=True)
class UnsharedLine:
    """A line of the journal that is in no shard yet, and the partition it belongs to."""

    partition: str
    line: bytes


class Journal:
    """Maps the key of a request to the teacher's answer.

    `path` is the file for answers that are paid for here, `language` the code of their language.
    """

    def __init__(self, path: Path, language: str) -> None:
        """Open or create the file; raises UserError when that is not possible."""
        self._path, self._language = path, language
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)]
        except OSError as error:
            raise UserError(f"The journal {path} cannot be written: {error.strerror}.") from error
        self._index = sqlite3.connect("")  # an unnamed file that ends with the process
        self._index.execute(CREATE_INDEX)
        self._counters = 0
        self._pending: dict[bytes, tuple[int, int]] = {}  # not in the index yet
        self._unshared: array[int] | None = None
        self._end = 0
        for line in read_lines(path):
            self._add_position(line.key, line.start, line.size)
        os.ftruncate(self._files[0], self._end)

    def __len__(self) -> int:
        self._flush()
        count: int = self._index.execute("SELECT count(*) FROM places").fetchone()[0]
        return count

    def usage_counter(self) -> UsageCounter:
        """Return a new counter, which ends with the journal."""
        self._counters += 1
        return UsageCounter(self._index, self._counters)

    def get(self, key: str) -> Entry | None:
        """Return the answer to a request (its sha256 in hex), None if nobody paid for it."""
        short = _short(key)
        if short in self._pending:
            file, (start, size) = 0, self._pending[short]
        else:
            query = "SELECT file, start, size FROM places WHERE key = ?"
            place = self._index.execute(query, (short,)).fetchone()
            if place is None:
                return None
            file, start, size = place
        line = orjson.loads(os.pread(self._files[file], size, start))
        return Entry(line["answer"], line["usd"], line["by"] != self._language)

    def put(self, key: str, answer: dict[str, Any], usd: float, common: bool = False) -> None:
        """Write an answer and the US dollars billed for it to disk.

        `common` says that a run for any language would send the same request. Raises UserError when
        the disk is full.
        """
        partition = COMMON if common else self._language
        line = orjson.dumps(
            {"key": key, "shelf": partition, "by": self._language, "usd": usd, "answer": answer},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            written = os.pwrite(self._files[0], line, self._end)
            if written != len(line):
                raise self._full_disk(f"{written} of {len(line)} bytes were written")
            if self._unshared is not None:
                self._unshared.append(self._end)
            self._add_position(_short(key), self._end, len(line))
        except (OSError, sqlite3.OperationalError) as error:
            raise self._full_disk(str(error)) from error

    def _add_position(self, key: bytes, start: int, size: int) -> None:
        self._pending.setdefault(key, (start, size))
        self._end = start + size
        if len(self._pending) >= BATCH_ANSWERS:
            self._flush()

    def _flush(self) -> None:
        rows = ((key, start, size) for key, (start, size) in self._pending.items())
        self._index.executemany(INSERT_PAID, rows)
        self._pending.clear()

    def add_shard(self, shard: Path) -> None:
        """Index the answers of a shard; call this for earlier shards first."""
        self._flush()
        self._files.append(os.open(shard, os.O_RDONLY | os.O_CLOEXEC))
        file = len(self._files) - 1
        rows = (
            (line.key, file, line.start, line.size, int(line.payer == self._language))
            for line in read_lines(shard)
        )
        self._index.executemany(INSERT_SHARED, rows)

    def track_unshared(self) -> None:
        """From now on, keep track of answers in no shard; call this after the last shard."""
        self._flush()
        query = "SELECT start FROM places WHERE file = 0 AND shared = 0 ORDER BY start"
        self._unshared = array("Q", (start for (start,) in self._index.execute(query)))

    @property
    def unshared_count(self) -> int:
        """The number of answers that are in no shard yet."""
        return len(self._unshared or ())

    def unshared(self, max_bytes: int) -> list[UnsharedLine]:
        """Return the oldest answers in no shard, about `max_bytes` of them; thread-safe."""
        unshared: list[UnsharedLine] = []
        size = 0
        with self._path.open("rb") as file:
            for start in list(self._unshared or ()):
                if size >= max_bytes:
                    break
                file.seek(start)
                line = file.readline()
                unshared.append(UnsharedLine(orjson.loads(line)["shelf"], line))
                size += len(line)
        return unshared

    def mark_shared(self, count: int) -> None:
        """Note that the oldest `count` answers in no shard are in one now."""
        if self._unshared is not None:
            del self._unshared[:count]

    def close(self) -> None:
        """Close all files."""
        self._index.close()
        for file in self._files:
            os.close(file)

    def _full_disk(self, reason: str) -> UserError:
        return UserError(
            f"The journal {self._path} cannot be written ({reason}). Free some disk space and run "
            "the same command again; all answers so far are kept."
        )


def read_lines(path: Path) -> Iterator[LinePosition]:
    """Yield every whole line; a torn last line ends the file, and damaged ones are skipped."""
    start = damaged = first = 0
    with path.open("rb") as file:
        for text in file:
            if not text.endswith(b"\n"):
                break
            try:
                line = orjson.loads(text)
                if not isinstance(line["answer"], dict) or not isinstance(line["usd"], int | float):
                    raise TypeError("the answer must be an object and the price a number")
                yield LinePosition(start, len(text), _short(line["key"]), line["shelf"], line["by"])
            except (ValueError, KeyError, TypeError):
                first, damaged = first if damaged else start, damaged + 1
            start += len(text)
    if damaged:
        lines = "1 damaged line" if damaged == 1 else f"{damaged} damaged lines"
        say(f"{path}: skipped {lines}, the first at byte {first}")


def _short(key: str) -> bytes:
    return bytes.fromhex(key)[:16]
