"""Answers already paid for: append-only files that outlive the process.

What this run pays goes to one file of JSON lines, in one write before anyone uses it: a kill can
tear the last line alone, which is dropped at the next start. Shards of earlier runs are read
beside it. The index over them is scratch on the disk, built anew at each start: memory does not
grow with the answers; only the newest places are not in it yet. Which shards there are, and what
becomes of ours, is in `shards.py`.
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
from recipes.generate.journal.usage import Account

COMMON = "common"
NEWEST = 1_000  # places that are put into the index at once
INDEX = """CREATE TABLE places (key BLOB PRIMARY KEY, file INT, start INT, size INT, own INT,
           shared INT) WITHOUT ROWID"""
PAID = "INSERT OR IGNORE INTO places VALUES (?, 0, ?, ?, 1, 0)"
# The first answer counts, but one that this language's runs paid and used before another's.
SHARED = """INSERT INTO places VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT (key) DO UPDATE SET
            shared = 1, own = max(own, ?5), file = CASE WHEN ?5 > own THEN ?2 ELSE file END,
            start = CASE WHEN ?5 > own THEN ?3 ELSE start END,
            size = CASE WHEN ?5 > own THEN ?4 ELSE size END"""


class Line(NamedTuple):
    """Where a whole line stands in its file, and the key of its answer (16 bytes)."""

    start: int
    size: int
    key: bytes
    shelf: str
    by: str


class Known(NamedTuple):
    """An answer, what it was billed in US dollars, and whether a run for another language paid."""

    answer: dict[str, Any]
    usd: float
    others: bool


@dataclass(frozen=True)
class Paid:
    """An answer that is on no shard yet: its shelf, and its line as it stands in the file."""

    shelf: str
    line: bytes


class Journal:
    """A map from a request's key to the teacher's answer.

    `path` is the file of what is paid here, `language` the code of the language it is paid for.
    """

    def __init__(self, path: Path, language: str) -> None:
        """Open or create the file; raises UserError when that is not possible."""
        self._path, self._language = path, language
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)]
        except OSError as error:
            raise UserError(f"The journal {path} cannot be written: {error.strerror}.") from error
        self._index = sqlite3.connect("")  # a file without a name, gone with the process
        self._index.execute(INDEX)
        self._accounts = 0
        self._newest: dict[bytes, tuple[int, int]] = {}
        self._waiting: array[int] | None = None
        self._end = 0
        for line in lines(path):
            self._paid(line.key, line.start, line.size)
        os.ftruncate(self._files[0], self._end)

    def __len__(self) -> int:
        self._flush()
        count: int = self._index.execute("SELECT count(*) FROM places").fetchone()[0]
        return count

    def account(self) -> Account:
        """A new one, on this journal's scratch: it ends with the journal."""
        self._accounts += 1
        return Account(self._index, self._accounts)

    def get(self, key: str) -> Known | None:
        """The answer to this request (sha256, hex), None when it was never paid for."""
        short = _short(key)
        if short in self._newest:
            file, (start, size) = 0, self._newest[short]
        else:
            wanted = "SELECT file, start, size FROM places WHERE key = ?"
            place = self._index.execute(wanted, (short,)).fetchone()
            if place is None:
                return None
            file, start, size = place
        wire = orjson.loads(os.pread(self._files[file], size, start))
        return Known(wire["answer"], wire["usd"], wire["by"] != self._language)

    def put(self, key: str, answer: dict[str, Any], usd: float, common: bool = False) -> None:
        """Write an answer down, at once, with what it was billed in US dollars.

        `common`: any language's run would ask the same. Raises UserError when the disk is full.
        """
        shelf = COMMON if common else self._language
        told = {"key": key, "shelf": shelf, "by": self._language, "usd": usd, "answer": answer}
        line = orjson.dumps(told) + b"\n"
        try:
            written = os.pwrite(self._files[0], line, self._end)
            if written != len(line):
                raise self._full(f"it took {written} of {len(line)} bytes")
            if self._waiting is not None:
                self._waiting.append(self._end)
            self._paid(_short(key), self._end, len(line))
        except (OSError, sqlite3.OperationalError) as error:
            raise self._full(str(error)) from error

    def _paid(self, key: bytes, start: int, size: int) -> None:
        """Know where the newest line stands."""
        self._newest.setdefault(key, (start, size))
        self._end = start + size
        if len(self._newest) >= NEWEST:
            self._flush()

    def _flush(self) -> None:
        rows = ((key, start, size) for key, (start, size) in self._newest.items())
        self._index.executemany(PAID, rows)
        self._newest.clear()

    def add(self, shard: Path) -> None:
        """Know the answers of a shard, too; the earlier shard must come first."""
        self._flush()
        self._files.append(os.open(shard, os.O_RDONLY | os.O_CLOEXEC))
        file = len(self._files) - 1
        rows = (
            (line.key, file, line.start, line.size, int(line.by == self._language))
            for line in lines(shard)
        )
        self._index.executemany(SHARED, rows)

    def share(self) -> None:
        """From now on remember what is on no shard; to be called when all shards are known."""
        self._flush()
        wanted = "SELECT start FROM places WHERE file = 0 AND shared = 0 ORDER BY start"
        self._waiting = array("Q", (start for (start,) in self._index.execute(wanted)))

    @property
    def waiting(self) -> int:
        """How many answers are on no shard yet."""
        return len(self._waiting or ())

    def unsent(self, most_bytes: int) -> list[Paid]:
        """The oldest answers that are on no shard, about so many bytes of them; any thread may."""
        found: list[Paid] = []
        size = 0
        with self._path.open("rb") as file:
            for start in list(self._waiting or ()):
                if size >= most_bytes:
                    break
                file.seek(start)
                line = file.readline()
                found.append(Paid(orjson.loads(line)["shelf"], line))
                size += len(line)
        return found

    def sent(self, count: int) -> None:
        """The oldest `count` answers are on shards now."""
        if self._waiting is not None:
            del self._waiting[:count]

    def close(self) -> None:
        """Give the files back."""
        self._index.close()
        for file in self._files:
            os.close(file)

    def _full(self, said: str) -> UserError:
        return UserError(
            f"The journal {self._path} cannot be written ({said}): make room and run again, "
            "what was answered is kept."
        )


def lines(path: Path) -> Iterator[Line]:
    """Every whole line; a torn last one ends the file, damaged ones are left out with a word."""
    start = damaged = first = 0
    with path.open("rb") as file:
        for text in file:
            if not text.endswith(b"\n"):
                break
            try:
                wire = orjson.loads(text)
                if not isinstance(wire["answer"], dict) or not isinstance(wire["usd"], int | float):
                    raise TypeError("an answer has names and a price")
                yield Line(start, len(text), _short(wire["key"]), wire["shelf"], wire["by"])
            except (ValueError, KeyError, TypeError):
                first, damaged = first if damaged else start, damaged + 1
            start += len(text)
    if damaged:
        say(f"{path}: {damaged} damaged lines are left out, the first is at byte {first}")


def _short(key: str) -> bytes:
    return bytes.fromhex(key)[:16]
