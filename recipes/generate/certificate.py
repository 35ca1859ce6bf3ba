"""`decontamination.json`: that no benchmark text is left, found out a second time.

The files that were written are read again, and compared with the benchmarks in another way than
when rows were dropped: words are numbered, and runs of them found without any hash. Whoever wants
to check it needs the benchmarks, the file and the definition of an n-gram, and nothing of ours.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.generate.decontaminate import Read, Size, Splitter

if TYPE_CHECKING:
    import pyarrow

NAME = "decontamination.json"
ROWS = 100  # at once


class Witness:
    """The n-grams of the benchmarks once more, as runs of numbered words."""

    def __init__(
        self, benchmarks: Iterable[tuple[str, Iterable[str]]], size: Size, script: str
    ) -> None:
        """Read the texts of each named benchmark for a language of this script."""
        self.split = Splitter(size, script)
        self.read: list[Read] = []
        self._words: dict[str, int] = {}
        texts: dict[int, array[int]] = {}
        for name, told in benchmarks:
            count = short = 0
            for text in told:
                count += 1
                items = self.split.items(text)
                if len(items) < self.split.shortest:
                    short += 1
                    continue
                numbered = texts.setdefault(min(self.split.length, len(items)), array("I"))
                numbered.extend(
                    self._words.setdefault(item, len(self._words) + 1) for item in items
                )
                numbered.append(0)
            self.read.append(Read(name, count, short))
        self._known = [
            Runs(np.frombuffer(numbered, dtype=np.uint32), length)
            for length, numbered in texts.items()
        ]

    def saw(self, texts: Sequence[str]) -> list[int]:
        """Which of the texts have an n-gram of a benchmark."""
        numbered, ends = array("I"), []
        for text in texts:
            numbered.extend(self._words.get(item, 0) for item in self.split.items(text))
            numbered.append(0)
            ends.append(len(numbered))
        asked = np.frombuffer(numbered, dtype=np.uint32)
        hits = [np.flatnonzero(known.number(asked)) for known in self._known]
        places = np.searchsorted(ends, np.concatenate(hits), side="right") if hits else ()
        return sorted(set(map(int, places)))


class Runs:
    """All runs of so many words in some texts, each with a number of its own, without a hash: that
    of a run is found by those of its two halves. Words are numbers, and 0 ends a text."""

    def __init__(self, texts: np.ndarray, length: int) -> None:
        self._length = length
        self._known: dict[int, np.ndarray] = {}
        self._number(texts, length, learn=True)

    def number(self, texts: np.ndarray) -> np.ndarray:
        """For each word, the number of the run that begins with it; 0 where it is not known."""
        return self._number(texts, self._length)

    def _number(self, texts: np.ndarray, length: int, learn: bool = False) -> np.ndarray:
        if length == 1:
            return texts
        half = length // 2
        first = self._number(texts, half, learn)
        second = first if half * 2 == length else self._number(texts, length - half, learn)
        second = second[half:]
        starts = np.flatnonzero((first[: len(second)] > 0) & (second > 0))
        pairs = first[starts].astype(np.uint64) << np.uint64(32) | second[starts]
        if learn and length not in self._known:
            self._known[length] = np.unique(pairs)
        known = self._known[length]
        places = np.searchsorted(known, pairs)
        places[places == len(known)] = 0
        there = known[places] == pairs
        found = np.zeros(len(texts), dtype=np.uint32)
        found[starts[there]] = places[there] + 1
        return found


@dataclass(frozen=True)
class Certificate:
    """What was compared with what; `left` is how many rows still overlap, which must be none."""

    unit: str
    length: int
    shortest: int
    benchmarks: Sequence[Mapping[str, Any]]
    dropped: int
    rows: int
    turns: int
    left: int
    files: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of `decontamination.json`; file names with their sha256."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def certify(
    folder: Path,
    paths: Sequence[str],
    witness: Witness,
    benchmarks: Sequence[Mapping[str, Any]],
    dropped: int,
) -> Certificate:
    """Read the parquet files again and count what overlaps; raises RuntimeError if anything does.

    `benchmarks` says where those come from that the witness read.
    """
    import pyarrow.parquet

    split = witness.split
    rows = turns = left = 0
    for path in paths:
        with pyarrow.parquet.ParquetFile(folder / path) as file:
            for batch in file.iter_batches(batch_size=ROWS, columns=["messages"]):
                of, said = _said(batch.column(0))
                rows, turns = rows + len(batch), turns + len(said)
                left += len({of[place] for place in witness.saw(said)})
    if left:
        raise RuntimeError(f"{left} of {rows} written rows overlap with a benchmark.")
    return Certificate(
        unit=split.unit,
        length=split.length,
        shortest=split.shortest,
        benchmarks=[
            {**where, "texts": read.texts, "too_short": read.short}
            for read, where in zip(witness.read, benchmarks, strict=True)
        ],
        dropped=dropped,
        rows=rows,
        turns=turns,
        left=left,
        files={path: _sha256(folder / path) for path in sorted(paths)},
    )


def _said(messages: pyarrow.ListArray) -> tuple[Sequence[int], Sequence[str]]:
    """All that was said but by the system, and in which row."""
    of, said = messages.value_parent_indices().to_pylist(), messages.flatten()
    roles, contents = (said.field(name).to_pylist() for name in ("role", "content"))
    kept = [place for place, role in enumerate(roles) if role != "system"]
    return [of[place] for place in kept], [contents[place] for place in kept]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
