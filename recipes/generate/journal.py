"""Answers already paid for: an append-only file that outlives the process.

An answer is on its way to the disk before anyone uses it, in one write that a kill cannot cut in
the middle of an earlier line; a torn last line is dropped at the next start. Only offsets are kept
in memory. Nothing is ever changed or removed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from recipes.refusal import Refusal


class Journal:
    """A map from a request's key to the teacher's answer, in one file of JSON lines."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raises Refusal when that is not possible."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refusal(f"The journal {path} cannot be written: {error.strerror}.") from error
        self._places: dict[str, tuple[int, int]] = {}
        self._end = self._load(path)
        os.ftruncate(self._file, self._end)

    def __len__(self) -> int:
        return len(self._places)

    def get(self, key: str) -> dict[str, Any] | None:
        """The answer to this request, None when it was never paid for."""
        place = self._places.get(key)
        if place is None:
            return None
        start, size = place
        answer: dict[str, Any] = json.loads(os.pread(self._file, size, start))["answer"]
        return answer

    def put(self, key: str, answer: dict[str, Any]) -> None:
        """Write an answer down, at once."""
        line = json.dumps({"key": key, "answer": answer}, ensure_ascii=False).encode() + b"\n"
        written = os.pwrite(self._file, line, self._end)
        if written != len(line):
            raise OSError(f"The journal took {written} of {len(line)} bytes: is the disk full?")
        self._places[key] = (self._end, len(line))
        self._end += len(line)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _load(self, path: Path) -> int:
        end = 0
        with path.open("rb") as lines:
            for line in lines:
                key = _key(line)
                if key is None:
                    break
                self._places[key] = (end, len(line))
                end += len(line)
        return end


def _key(line: bytes) -> str | None:
    """The key of a whole line, None of a torn one."""
    if not line.endswith(b"\n"):
        return None
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return None
