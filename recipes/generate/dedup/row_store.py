"""Judged rows on the disk, so that memory does not grow with them.

It is scratch: a run begins with an empty one, because the journal gives every answer again. Rows
come back in an order that depends on them alone, however they came in.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from recipes.generate.schema import Row

TABLE = """CREATE TABLE rows (place INTEGER PRIMARY KEY, id TEXT, source TEXT, path TEXT,
           reason TEXT, row BLOB)"""
ORDER = "CREATE INDEX in_order ON rows (id, source, path, reason)"
ADD = "INSERT INTO rows VALUES (NULL, ?, ?, ?, ?, ?)"
NEWEST = 256  # rows that are put down at once
# The index is never needed after a crash, so nothing is written twice or waited for.
SCRATCH = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE"


class RowStore:
    """Rows with the reason why each was dropped, None for those that passed the gates."""

    def __init__(self, path: Path) -> None:
        """Begin an empty one in this file; raises OSError when that is not possible."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.kept = self.dropped = 0
        self._path = path
        self._newest: list[tuple[str, str, str, str | None, bytes]] = []
        with self._room():
            self._rows = sqlite3.connect(path, isolation_level=None)
            self._rows.executescript(SCRATCH)
            self._rows.execute(TABLE)
            self._rows.execute("BEGIN")

    def add(self, row: Row, reason: str | None = None) -> None:
        """Put a row down; raises OSError when the disk is full."""
        wire = orjson.dumps(
            (row.source, row.prompt_id, row.teacher, row.messages, row.about, row.revised)
        )
        self._newest.append((row.id, row.source, row.prompt_id, reason, wire))
        if len(self._newest) >= NEWEST:
            self._flush()
        if reason is None:
            self.kept += 1
        else:
            self.dropped += 1

    def sort(self) -> None:
        """To be called once, when all rows are there; then other processes may read them, too."""
        self._flush()
        with self._room():
            self._rows.execute(ORDER)
            self._rows.execute("COMMIT")
        self._rows.close()
        self._rows = _reading(self._path)

    def in_order(self) -> Iterator[tuple[int, Row, str | None]]:
        """Each row with its place and the reason why it was dropped."""
        wanted = "SELECT place, row, reason FROM rows INDEXED BY in_order ORDER BY id, source, path"
        for place, wire, reason in self._rows.execute(f"{wanted}, reason"):
            yield place, _row(wire), reason

    def at(self, place: int) -> Row:
        """The row at a place."""
        found = self._rows.execute("SELECT row FROM rows WHERE place = ?", (place,)).fetchone()
        return _row(found[0])

    def __getstate__(self) -> dict[str, object]:
        return {"_path": self._path, "kept": self.kept, "dropped": self.dropped}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._rows = _reading(self._path)

    def close(self) -> None:
        """Away with it."""
        self._rows.close()
        self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        with self._room():
            self._rows.executemany(ADD, self._newest)
        self._newest.clear()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, f"{self._path} cannot be written ({error})") from error


def _reading(path: Path) -> sqlite3.Connection:
    """The rows in a file that does not change any more."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _row(wire: bytes) -> Row:
    source, prompt_id, teacher, messages, about, revised = orjson.loads(wire)
    return Row(source, prompt_id, teacher, tuple(messages), about, revised)
