"""Items in a file of JSON lines: read from the Hub once, gone through as often as one likes.

So a corpus and the client's buffers are out of memory before the first question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import orjson

T = TypeVar("T")


@dataclass(frozen=True)
class Stored(Generic[T]):
    """`count` items of the file, from the one with the number `start` on."""

    path: Path
    start: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[T]:
        with self.path.open("rb") as lines:
            for line in islice(lines, self.start, self.start + self.count):
                yield orjson.loads(line)

    def split(self, at: int) -> tuple[Stored[T], Stored[T]]:
        """The first `at` items, and the others."""
        first = min(at, self.count)
        return (
            Stored(self.path, self.start, first),
            Stored(self.path, self.start + first, self.count - first),
        )


def store(path: Path, items: Iterable[T]) -> Stored[T]:
    """Write the items down; raises OSError when the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("wb") as file:
        for item in items:
            file.write(orjson.dumps(item) + b"\n")
            count += 1
    return Stored(path, 0, count)
