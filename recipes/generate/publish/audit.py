"""`decontamination.json`: that no benchmark text is left, found out a second time.

The files that were written are read again, and compared with the benchmarks in another way than
when rows were dropped: the words of the benchmarks are numbered as they come, and only runs of
numbered words are looked for. Whoever wants to check it needs the benchmarks, the file and the
definition of an n-gram, and nothing of ours.
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

from recipes.generate.dedup.decontamination import Read, Size, Splitter

if TYPE_CHECKING:
    import pyarrow

NAME = "decontamination.json"
ODD = np.uint64(0xD6E8FEB86659FD93)


class Witness:
    """The n-grams of the benchmarks once more, as runs of numbered words."""

    def __init__(
        self, benchmarks: Iterable[tuple[str, Iterable[str]]], size: Size, script: str
    ) -> None:
        """Read the texts of each named benchmark for a language of this script."""
        self.split = Splitter(size, script)
        self.read: list[Read] = []
        self._words: dict[str, int] = {}
        found: dict[int, array[int]] = {}
        for name, told in benchmarks:
            count = short = 0
            for text in told:
                count += 1
                items = self.split.items(text)
                if len(items) < self.split.shortest:
                    short += 1
                    continue
                words = [self._words.setdefault(item, len(self._words) + 1) for item in items]
                length = min(self.split.length, len(words))
                _, mixed = runs(np.array(words, dtype=np.uint32), length)
                found.setdefault(length, array("Q")).frombytes(mixed.tobytes())
            self.read.append(Read(name, count, short))
        self._known = {length: _sorted(found.pop(length)) for length in sorted(found)}

    def saw(self, texts: Sequence[str]) -> list[int]:
        """Which of the texts have an n-gram of a benchmark."""
        numbered, ends = array("I"), []
        for text in texts:
            numbered.extend(self._words.get(item, 0) for item in self.split.items(text))
            numbered.append(0)
            ends.append(len(numbered))
        found: set[int] = set()
        for length, known in self._known.items():
            starts, asked = runs(np.frombuffer(numbered, dtype=np.uint32), length)
            places = np.searchsorted(known, asked)
            places[places == len(known)] = 0
            hits = starts[known[places] == asked]
            found.update(np.searchsorted(ends, hits, side="right").tolist())
        return sorted(found)


def runs(words: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a run of so many words begins, and a number for it; 0 is no word, so none goes over
    it."""
    gaps = np.cumsum(words == 0, dtype=np.uint32)
    gaps = np.r_[np.uint32(0), gaps]
    starts = np.flatnonzero(gaps[length:] == gaps[: max(0, len(gaps) - length)])
    mixed = np.zeros(len(starts), dtype=np.uint64)
    for place in range(length):
        mixed = (mixed + words[starts + place]) * ODD
    return starts, mixed


def _sorted(mixed: array[int]) -> np.ndarray:
    """Each once, with little memory besides."""
    known = np.frombuffer(mixed, dtype=np.uint64)
    known.sort()
    return known[np.r_[True, known[1:] != known[:-1]]]


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
            for group in range(file.num_row_groups):  # whole files would be buffered otherwise
                read = file.read_row_group(group, ["messages"], use_threads=False)
                of, said = _said(read.column(0).combine_chunks())
                rows, turns = rows + len(read), turns + len(said)
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
