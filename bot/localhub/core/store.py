"""Everything the local Hub remembers: one SQLite database and content-addressed files.

What is acknowledged is durable: a file is fsync'd before its name is used, a transaction is
synchronous.  No meaning lives here: tables belong to the modules that declare them.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
SIDE_BY_SIDE = 8


class Store:
    """The data folder: ``hub.db``, ``blobs/<sha256>`` and ``incoming/`` for unfinished uploads."""

    def __init__(self, data: Path, schema: str = "") -> None:
        self.data = data
        self.blobs = data / "blobs"
        self.incoming = data / "incoming"
        for folder in (self.incoming, *(self.blobs / f"{n:02x}" for n in range(256))):
            folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(self.blobs)
        for leftover in self.incoming.iterdir():
            leftover.unlink()
        self._threads = threading.local()
        self._writing = threading.Lock()
        self._connection().executescript(schema)

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._threads, "db", None)
        if db is None:
            db = sqlite3.connect(self.data / "hub.db", isolation_level=None, timeout=60)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            self._threads.db = db
        return db

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view; inside a ``write`` of the same thread, that transaction's view."""
        db = self._connection()
        if db.in_transaction:
            yield db
            return
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone: committed at the end, rolled back on any exception.

        Never await inside it, never open a second one inside it (RuntimeError).
        """
        db = self._connection()
        if db.in_transaction:
            raise RuntimeError("store.write() inside store.read() or store.write()")
        self._acts().clear()
        with self._writing:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            acts = self._acts()
        while acts:
            acts.pop(0)()

    def afterwards(self, act: Callable[[], None]) -> None:
        """Have something done, in this thread, once the open ``write`` is committed (if it is)."""
        self._acts().append(act)

    def _acts(self) -> list[Callable[[], None]]:
        acts: list[Callable[[], None]] = self._threads.__dict__.setdefault("acts", [])
        return acts

    def close(self) -> None:
        """Close this thread's connection; the others close with their threads."""
        self._connection().close()
        del self._threads.db

    def blob_path(self, sha256: str) -> Path:
        """Where the file with this content is, or would be."""
        return self.blobs / sha256[:2] / sha256[2:]

    def has_blob(self, sha256: str) -> bool:
        """Whether the content is stored."""
        return self.blob_path(sha256).is_file()

    def put_blob(self, content: bytes | IO[bytes]) -> str:
        """Store content durably and return its sha256; what is there already is not rewritten."""
        with self.upload() as upload:
            if isinstance(content, bytes):
                upload.write(content)
            else:
                while chunk := content.read(CHUNK):
                    upload.write(chunk)
            return upload.keep()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Many small contents side by side; at the end of the block all are durable."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            batch = Batch(self, pool)
            yield batch
            batch.wait()

    @contextmanager
    def upload(self) -> Iterator[Upload]:
        """An upload in pieces; what was not kept at the end is thrown away."""
        upload = Upload(self)
        try:
            yield upload
        finally:
            upload.discard()


class Batch:
    """Contents being stored by several threads: waits for the disk overlap instead of adding up."""

    def __init__(self, store: Store, pool: ThreadPoolExecutor) -> None:
        self._store, self._pool = store, pool
        self._pending: deque[Future[str]] = deque()

    def put(self, content: bytes) -> str:
        """Begin to store content and return its sha256."""
        self.wait(2 * SIDE_BY_SIDE)
        self._pending.append(self._pool.submit(self._store.put_blob, content))
        return hashlib.sha256(content).hexdigest()

    def wait(self, most: int = 0) -> None:
        """Wait until at most so many contents are not yet stored."""
        while len(self._pending) > most:
            self._pending.popleft().result()


class Upload:
    """A file on its way in: ``write`` pieces, then ``keep`` it under the name of its content."""

    def __init__(self, store: Store) -> None:
        self._store = store
        handle, name = tempfile.mkstemp(dir=store.incoming)
        self._file = os.fdopen(handle, "wb")
        self._path = Path(name)
        self._sha = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self._file.write(piece)
        self._sha.update(piece)
        self.size += len(piece)

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._sha.hexdigest()

    def keep(self) -> str:
        """Make the content durable and return its sha256."""
        target = self._store.blob_path(self.sha256)
        if not target.exists():
            self._file.flush()
            os.fsync(self._file.fileno())
            os.replace(self._path, target)
        _sync_folder(target.parent)
        return self.sha256

    def discard(self) -> None:
        """Close, and drop what was not kept."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
