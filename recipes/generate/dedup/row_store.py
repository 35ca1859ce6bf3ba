"""Rows with their reasons, on disk.

The store is scratch: every run begins with an empty one, because the journal has all answers. Rows
come back in an order that depends on them alone.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from recipes.generate.schema import Row

CREATE_TABLE = """CREATE TABLE rows (place INTEGER PRIMARY KEY, id TEXT, source TEXT, path TEXT,
                  reason TEXT, label TEXT, row BLOB)"""
CREATE_INDEX = "CREATE INDEX in_order ON rows (id, source, path, reason)"
INSERT = "INSERT INTO rows VALUES (NULL, ?, ?, ?, ?, ?, ?)"
SELECT_ALL = """SELECT place, row, reason FROM rows INDEXED BY in_order
                ORDER BY id, source, path, reason"""
DROP = "UPDATE rows SET reason = ? WHERE reason IS NULL"
BATCH_ROWS = 256
# The database is never needed after a crash, so it has no journal and does not wait for the disk.
PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE"


class RowStore:
    """Rows with the reason why each was dropped, None for those that passed the gates."""

    def __init__(self, path: Path) -> None:
        """Create an empty database in this file; raises OSError when that is not possible."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.kept = self.dropped = 0
        self._path = path
        self._pending: list[tuple[str, str, str, str | None, str | None, bytes]] = []
        with self._disk_errors():
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.executescript(PRAGMAS)
            self._database.execute(CREATE_TABLE)
            self._database.execute("BEGIN")

    def add(self, row: Row, reason: str | None = None, label: str | None = None) -> None:
        """Add a row with the label of its language; raises OSError when the disk is full."""
        encoded = orjson.dumps(
            (row.source, row.prompt_id, row.teacher, row.messages, row.about, row.revised)
        )
        self._pending.append((row.id, row.source, row.prompt_id, reason, label, encoded))
        if len(self._pending) >= BATCH_ROWS:
            self._flush()
        if reason is None:
            self.kept += 1
        else:
            self.dropped += 1

    def drop(self, reason: str, labels: Iterable[str] | None = None) -> None:
        """Drop the rows with these labels, or all rows, before they are sorted."""
        self._flush()
        with self._disk_errors():
            if labels is None:
                count = self._database.execute(DROP, (reason,)).rowcount
            else:
                rows = [(reason, label) for label in labels]
                count = self._database.executemany(f"{DROP} AND label = ?", rows).rowcount
        self.kept, self.dropped = self.kept - count, self.dropped + count

    def sort(self) -> None:
        """Sort the rows. Call this once, after the last row; from then on, other processes may
        read them too."""
        self._flush()
        with self._disk_errors():
            self._database.execute(CREATE_INDEX)
            self._database.execute("COMMIT")
        self._database.close()
        self._database = _open_to_read(self._path)

    def in_order(self) -> Iterator[tuple[int, Row, str | None]]:
        """Yield each row with its place and the reason why it was dropped."""
        for place, encoded, reason in self._database.execute(SELECT_ALL):
            yield place, _decode(encoded), reason

    def at(self, place: int) -> Row:
        """Return the row at a place."""
        query = "SELECT row FROM rows WHERE place = ?"
        (encoded,) = self._database.execute(query, (place,)).fetchone()
        return _decode(encoded)

    def __getstate__(self) -> dict[str, object]:
        return {"_path": self._path, "kept": self.kept, "dropped": self.dropped}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._database = _open_to_read(self._path)

    def close(self) -> None:
        """Close the database and delete its file."""
        self._database.close()
        self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        with self._disk_errors():
            self._database.executemany(INSERT, self._pending)
        self._pending.clear()

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Turn SQLite's errors into OSError."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, f"{self._path} cannot be written ({error})") from error


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open a database file that does not change any more."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _decode(encoded: bytes) -> Row:
    source, prompt_id, teacher, messages, about, revised = orjson.loads(encoded)
    return Row(source, prompt_id, teacher, tuple(messages), about, revised)
