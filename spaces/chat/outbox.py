"""A folder that holds what is to be stored on the Hub until the Hub has it.

Durable: what `put` or `drop` was told is on the disk before it returns, so that a process may be
killed at any moment. A file is named after where it goes, so sending it twice makes it there once.
Nothing here knows the Hub.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

MOST_FILES = 10_000


class Full(Exception):
    """More waits than the folder may hold."""


class Outbox:
    """Rows to add and paths to delete; a path that is to be deleted is never added."""

    def __init__(self, folder: Path) -> None:
        self._rows, self._drops, self._half = (folder / name for name in ("rows", "drops", "half"))
        for one in (self._rows, self._drops, self._half):
            one.mkdir(parents=True, exist_ok=True)
        for left in self._half.iterdir():  # somebody was killed while writing it
            left.unlink()

    def put(self, path: str, text: str) -> None:
        """Keep a row for this path. Raises Full, and OSError when the disk fails."""
        if len(_files(self._rows)) >= MOST_FILES:
            raise Full
        self._write(self._rows / _flat(path), text)

    def drop(self, path: str) -> bool:
        """Keep in mind that this path is to be deleted; tell whether its row still waited here.

        Raises Full and OSError.
        """
        if len(_files(self._drops)) >= MOST_FILES:
            raise Full
        self._write(self._drops / _flat(path), "")
        waited = (self._rows / _flat(path)).exists()
        (self._rows / _flat(path)).unlink(missing_ok=True)
        return waited

    def rows(self, most: int) -> dict[str, str]:
        """At most so many rows by path."""
        dropped = {one.name for one in _files(self._drops)}
        found = [one for one in _files(self._rows) if one.name not in dropped][:most]
        return {_path(one): one.read_text(encoding="utf-8") for one in found}

    def drops(self) -> dict[str, float]:
        """The paths to delete, and for how many seconds each has been waiting."""
        now = time.time()
        return {_path(one): now - one.stat().st_mtime for one in _files(self._drops)}

    def added(self, paths: Iterable[str]) -> None:
        """Forget rows that the Hub has."""
        for path in paths:
            (self._rows / _flat(path)).unlink(missing_ok=True)

    def dropped(self, paths: Iterable[str]) -> None:
        """Forget paths that the Hub has no more."""
        for path in paths:
            (self._rows / _flat(path)).unlink(missing_ok=True)
            (self._drops / _flat(path)).unlink(missing_ok=True)

    def _write(self, place: Path, text: str) -> None:
        half = self._half / place.name
        with half.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _flat(path: str) -> str:
    """A path as the name of a file; the paths of rows have no such sign in them."""
    return path.replace("/", "+")


def _path(file: Path) -> str:
    return file.name.replace("+", "/")
