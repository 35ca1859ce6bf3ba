"""Items in a JSON Lines file, written once and read as often as needed.

This way, no corpus and no buffer of the Hub client is in memory during the requests.
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
class JsonlItems(Generic[T]):
    """`count` items of a file, from item number `start` on."""

    path: Path
    start: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[T]:
        with self.path.open("rb") as lines:
            for line in islice(lines, self.start, self.start + self.count):
                yield orjson.loads(line)

    def split(self, at: int) -> tuple[JsonlItems[T], JsonlItems[T]]:
        """Return the first `at` items and the others."""
        first = min(at, self.count)
        return (
            JsonlItems(self.path, self.start, first),
            JsonlItems(self.path, self.start + first, self.count - first),
        )


def write_items(path: Path, items: Iterable[T]) -> JsonlItems[T]:
    """Write items to a file; raises OSError when the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("wb") as file:
        for item in items:
            file.write(orjson.dumps(item) + b"\n")
            count += 1
    return JsonlItems(path, 0, count)
