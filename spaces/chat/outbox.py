"""A folder with rows and deletions that the Hub does not have yet.

Durable: what `add` or `delete` was given is on the disk before it returns, so the process may be
killed at any moment. A file is named after its path on the Hub, so a row that is uploaded twice is
there once. Nothing here knows the Hub.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

MAX_FILES = 10_000


class OutboxFull(Exception):
    """The folder holds as many files as it may."""


class Outbox:
    """Rows to add and paths to delete; a row whose path is to be deleted is never added."""

    def __init__(self, folder: Path) -> None:
        # Spaces that run have folders with these names on their disks.
        self._rows, self._deletions = folder / "rows", folder / "drops"
        self._partial = folder / "half"
        self._lock = threading.Lock()  # between writing and forgetting a row
        for subfolder in (self._rows, self._deletions, self._partial):
            subfolder.mkdir(parents=True, exist_ok=True)
        for file in self._partial.iterdir():  # of a process that was killed while writing
            file.unlink()

    def add(self, path: str, text: str) -> None:
        """Store a row for this path. Raises OutboxFull, and OSError when the disk fails."""
        if len(_files(self._rows)) >= MAX_FILES:
            raise OutboxFull
        with self._lock:
            self._write(self._rows / _file_name(path), text)

    def delete(self, path: str) -> bool:
        """Store that this path is to be deleted; return whether its row was still waiting here.

        Raises OutboxFull and OSError.
        """
        if len(_files(self._deletions)) >= MAX_FILES:
            raise OutboxFull
        self._write(self._deletions / _file_name(path), "")
        row = self._rows / _file_name(path)
        was_waiting = row.exists()
        row.unlink(missing_ok=True)
        return was_waiting

    def rows(self, limit: int) -> dict[str, str]:
        """Return at most `limit` rows by path."""
        deleted = {file.name for file in _files(self._deletions)}
        files = [file for file in _files(self._rows) if file.name not in deleted][:limit]
        return {_path(file): file.read_text(encoding="utf-8") for file in files}

    def deletions(self) -> dict[str, float]:
        """Return the paths to delete, each with its age in seconds."""
        now = time.time()
        return {_path(file): now - file.stat().st_mtime for file in _files(self._deletions)}

    def forget_rows(self, rows: Mapping[str, str]) -> None:
        """Forget rows that are on the Hub now, unless another text has come for their path."""
        with self._lock:
            for path, text in rows.items():
                file = self._rows / _file_name(path)
                if file.exists() and file.read_text(encoding="utf-8") == text:
                    file.unlink()

    def forget_deletions(self, paths: Iterable[str]) -> None:
        """Forget paths that are no longer on the Hub."""
        for path in paths:
            (self._rows / _file_name(path)).unlink(missing_ok=True)
            (self._deletions / _file_name(path)).unlink(missing_ok=True)

    def _write(self, target: Path, text: str) -> None:
        partial = self._partial / target.name
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)  # a full disk must not stay full of halves
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _file_name(path: str) -> str:
    """Return a path as the name of one file; no path of a row contains a plus sign."""
    return path.replace("/", "+")


def _path(file: Path) -> str:
    return file.name.replace("+", "/")
