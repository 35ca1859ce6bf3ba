"""A SQLite database and content-addressed files; everything acknowledged is durable.

A file is synced to disk before its name is used, and a transaction is synchronous. The tables
belong to the modules that declare them; nothing here knows what they mean.
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

CHUNK = 1 << 20
WRITE_THREADS = 8


class Store:
    """The data folder: `hub.db`, `blobs/<sha256>`, and `incoming/` for unfinished uploads."""

    def __init__(self, data: Path, schema: str = "") -> None:
        self.data = data
        self.blobs = data / "blobs"
        self.incoming = data / "incoming"
        for folder in (self.incoming, *(self.blobs / f"{n:02x}" for n in range(256))):
            folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(self.blobs)
        for leftover in self.incoming.iterdir():
            leftover.unlink()
        self._local = threading.local()
        self._write_lock = threading.Lock()
        (self.data / "hub.db").touch(mode=0o600)  # it has tokens and secrets
        self._connection().executescript(schema)

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self.data / "hub.db", isolation_level=None, timeout=60)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
            self._local.db = db
        return db

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Open a consistent view; inside `write` of the same thread, join that transaction."""
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
        """Open an exclusive transaction; it commits at the end and rolls back on any exception.

        Never await inside it. Raises RuntimeError if this thread already has a transaction.
        """
        db = self._connection()
        if db.in_transaction:
            raise RuntimeError("store.write() inside store.read() or store.write()")
        self._local.callbacks = []
        with self._write_lock:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        callbacks: list[Callable[[], None]] = self._local.callbacks
        self._local.callbacks = []
        for callback in callbacks:
            callback()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call something in this thread once the open `write` has committed, if it does."""
        self._local.callbacks.append(callback)

    def close(self) -> None:
        """Close this thread's connection; the others close with their threads."""
        self._connection().close()
        del self._local.db

    def blob_path(self, sha256: str) -> Path:
        """Return where the file with this content is, or would be."""
        return self.blobs / sha256[:2] / sha256[2:]

    def has_blob(self, sha256: str) -> bool:
        """Return whether the content is stored."""
        return self.blob_path(sha256).is_file()

    def put_blob(self, content: bytes) -> str:
        """Store content durably and return its sha256; skip the write if it is already stored."""
        with self.upload() as upload:
            upload.write(content)
            return upload.save()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Store many small contents in parallel; at the end of the block, all are durable."""
        with ThreadPoolExecutor(WRITE_THREADS) as pool:
            batch = Batch(self, pool)
            yield batch
            batch.wait()

    @contextmanager
    def upload(self) -> Iterator[Upload]:
        """Receive a file piece by piece; discard it unless it is saved within the block."""
        upload = Upload(self)
        try:
            yield upload
        finally:
            upload.discard()


class Batch:
    """Contents that several threads store, so that waits for the disk overlap."""

    def __init__(self, store: Store, pool: ThreadPoolExecutor) -> None:
        self._store, self._pool = store, pool
        self._pending: deque[Future[str]] = deque()

    def put(self, content: bytes) -> str:
        """Start to store content and return its sha256."""
        self.wait(2 * WRITE_THREADS)
        self._pending.append(self._pool.submit(self._store.put_blob, content))
        return hashlib.sha256(content).hexdigest()

    def wait(self, max_pending: int = 0) -> None:
        """Wait until at most this many contents are still being stored."""
        while len(self._pending) > max_pending:
            self._pending.popleft().result()


class Upload:
    """A file being received: `write` its pieces, then `save` it under the name of its content."""

    def __init__(self, store: Store) -> None:
        self._store = store
        handle, name = tempfile.mkstemp(dir=store.incoming)
        self._file = os.fdopen(handle, "wb")
        self._path = Path(name)
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self._file.write(piece)
        self._sha256.update(piece)
        self.size += len(piece)

    @property
    def sha256(self) -> str:
        """The hash of the bytes written so far."""
        return self._sha256.hexdigest()

    def save(self) -> str:
        """Make the content durable and return its sha256."""
        target = self._store.blob_path(self.sha256)
        if not target.exists():
            self._file.flush()
            os.fsync(self._file.fileno())
            os.replace(self._path, target)
        _sync_folder(target.parent)
        return self.sha256

    def discard(self) -> None:
        """Close the file and delete it unless it was saved."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
