"""`decontamination.json`: that no benchmark text is left, found out a second time.

The files that were written are read again, and compared with the benchmarks in another way than
when rows were dropped: by Python's own hashes of the items as tuples, turn by turn. Whoever wants
to check it needs the benchmarks, the file and the definition of an n-gram, and nothing of ours.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recipes.generate.decontaminate import Read, Size, Splitter, grams

NAME = "decontamination.json"


class Witness:
    """The n-grams of the benchmarks once more, as sorted hashes of tuples."""

    def __init__(
        self, benchmarks: Iterable[tuple[str, Iterable[str]]], size: Size, script: str
    ) -> None:
        """Read the texts of each named benchmark for a language of this script."""
        self.split = Splitter(size, script)
        self.read: list[Read] = []
        hashes: dict[int, array[int]] = {}
        for name, texts in benchmarks:
            count = short = 0
            for text in texts:
                count += 1
                items = self.split.items(text)
                if len(items) < self.split.shortest:
                    short += 1
                    continue
                length = min(self.split.length, len(items))
                hashes.setdefault(length, array("q")).extend(map(hash, grams(items, length)))
            self.read.append(Read(name, count, short))
        self._known = {
            length: np.unique(np.frombuffer(found, dtype=np.int64))
            for length, found in hashes.items()
        }

    def saw(self, text: str) -> bool:
        """Whether the text has an n-gram of a benchmark."""
        items = self.split.items(text)
        for length, known in self._known.items():
            asked = np.fromiter(map(hash, grams(items, length)), dtype=np.int64)
            places = np.searchsorted(known, asked)
            places[places == len(known)] = 0
            if len(asked) and (known[places] == asked).any():
                return True
        return False


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
            for batch in file.iter_batches(batch_size=1_000, columns=["messages"]):
                for messages in batch.column(0).to_pylist():
                    said = [turn["content"] for turn in messages if turn["role"] != "system"]
                    rows, turns = rows + 1, turns + len(said)
                    left += any(map(witness.saw, said))
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
