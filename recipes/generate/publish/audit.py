"""`decontamination.json`: a second, independent check that no benchmark text is left.

The written files are read again and compared with the benchmarks in another way than when rows were
dropped: the words of the benchmarks are numbered, and runs of numbered words are looked for. To
repeat the check, you need the benchmarks, the files and the definition of an n-gram, but none of
our code.
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

from recipes.core.ngrams import sorted_unique
from recipes.generate.dedup.decontamination import (
    BenchmarkCount,
    NgramSettings,
    Splitter,
)

if TYPE_CHECKING:
    import pyarrow

NAME = "decontamination.json"
MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)  # odd


class BenchmarkAuditor:
    """The n-grams of the benchmarks, as runs of numbered words."""

    def __init__(
        self, benchmarks: Iterable[tuple[str, Iterable[str]]], settings: NgramSettings, script: str
    ) -> None:
        """Index the texts of each named benchmark, for a language of this script."""
        self.splitter = Splitter(settings, script)
        self.counts: list[BenchmarkCount] = []
        self._words: dict[str, int] = {}
        runs_by_length: dict[int, array[int]] = {}
        for name, texts in benchmarks:
            count = too_short = 0
            for text in texts:
                count += 1
                items = self.splitter.items(text)
                if len(items) < self.splitter.shortest:
                    too_short += 1
                    continue
                words = [self._words.setdefault(item, len(self._words) + 1) for item in items]
                length = min(self.splitter.length, len(words))
                _, hashes = hash_runs(np.array(words, dtype=np.uint32), length)
                runs_by_length.setdefault(length, array("Q")).frombytes(hashes.tobytes())
            self.counts.append(BenchmarkCount(name, count, too_short))
        self._known = {
            length: sorted_unique(runs_by_length.pop(length)) for length in sorted(runs_by_length)
        }

    def overlapping(self, texts: Sequence[str]) -> list[int]:
        """Return the numbers of the texts that share an n-gram with a benchmark."""
        words, ends = array("I"), []
        for text in texts:
            words.extend(self._words.get(item, 0) for item in self.splitter.items(text))
            words.append(0)
            ends.append(len(words))
        overlapping: set[int] = set()
        for length, known in self._known.items():
            starts, hashes = hash_runs(np.frombuffer(words, dtype=np.uint32), length)
            positions = np.searchsorted(known, hashes)
            positions[positions == len(known)] = 0
            hits = starts[known[positions] == hashes]
            overlapping.update(np.searchsorted(ends, hits, side="right").tolist())
        return sorted(overlapping)


def hash_runs(words: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each run of `length` words starts, and its hash; 0 is not a word."""
    gaps = np.cumsum(words == 0, dtype=np.uint32)
    gaps = np.r_[np.uint32(0), gaps]
    starts = np.flatnonzero(gaps[length:] == gaps[: max(0, len(gaps) - length)])
    hashes = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(length):
        hashes = (hashes + words[starts + offset]) * MULTIPLIER
    return starts, hashes


@dataclass(frozen=True)
class AuditReport:
    """The content of `decontamination.json`.

    unit, length, shortest: definition of an n-gram, and the shortest text that is compared
    dropped: rows that were dropped because of an overlap before the files were written
    rows, turns: what the files have
    left: rows that still overlap, which must be 0
    files: sha256 by path
    """

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
        """Return the text of `decontamination.json`."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def audit_files(
    folder: Path,
    paths: Sequence[str],
    auditor: BenchmarkAuditor,
    origins: Sequence[Mapping[str, Any]],
    dropped: int,
) -> AuditReport:
    """Read the parquet files again and count overlaps; raises RuntimeError if there are any.

    `origins` says where each benchmark of the auditor is on the Hub.
    """
    import pyarrow.parquet

    splitter = auditor.splitter
    rows = turns = left = 0
    for path in paths:
        with pyarrow.parquet.ParquetFile(folder / path) as file:
            for group in range(file.num_row_groups):  # a whole file would be buffered
                table = file.read_row_group(group, ["messages"], use_threads=False)
                owners, texts = _turns(table.column(0).combine_chunks())
                rows, turns = rows + len(table), turns + len(texts)
                left += len({owners[number] for number in auditor.overlapping(texts)})
    if left:
        raise RuntimeError(f"{left} of {rows} written rows overlap with a benchmark.")
    return AuditReport(
        unit=splitter.unit,
        length=splitter.length,
        shortest=splitter.shortest,
        benchmarks=[
            {**origin, "texts": count.texts, "too_short": count.too_short}
            for count, origin in zip(auditor.counts, origins, strict=True)
        ],
        dropped=dropped,
        rows=rows,
        turns=turns,
        left=left,
        files={path: _sha256(folder / path) for path in sorted(paths)},
    )


def _turns(messages: pyarrow.ListArray) -> tuple[Sequence[int], Sequence[str]]:
    """Return the row of each turn and its text, without system prompts."""
    owners, turns = messages.value_parent_indices().to_pylist(), messages.flatten()
    roles, contents = (turns.field(name).to_pylist() for name in ("role", "content"))
    kept = [number for number, role in enumerate(roles) if role != "system"]
    return [owners[number] for number in kept], [contents[number] for number in kept]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
