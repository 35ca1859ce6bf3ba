"""What is known of one language: every tested model, how its adapter was trained, from which rows.

Pure: the texts of files in, frozen values out. They come from repositories that many may write to,
so what is odd or missing is left out, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from entries import broken_answers
from parse_results import Row, interval, number, text_of

LONGEST_EXAMPLE = 600
MOST_EXAMPLES = 6
MOST_POINTS = 400
_REVIEWED = re.compile(
    r"\*\*(Not yet reviewed|Reviewed) by speakers of [^*\n]{0,80}\*\*(?:: ([^\n]{1,200}))?"
)


@dataclass(frozen=True)
class Figure:
    """What one model scored on one test; `difference` and what follows only for an adapter."""

    role: str
    model: str
    revision: str
    value: float
    interval: tuple[float, float] | None
    broken: int | None
    n: int | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    significant: bool | None


@dataclass(frozen=True)
class Test:
    """One benchmark in one direction with one metric, and what all models scored on it."""

    benchmark: str
    direction: str
    tested: str
    metric: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Training:
    """The losses (nats a token) by step, on rows to learn from and on those held out."""

    learnt: tuple[tuple[float, float], ...] = ()
    held_out: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Dataset:
    """What a dataset is made of: bytes by source, rows kept, rows dropped by reason."""

    kept: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    sources: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Example:
    """One item of a test: what was asked, what base and adapter said, what a person wrote."""

    prompt: str
    base: str
    adapter: str
    reference: str


@dataclass(frozen=True)
class Advice:
    """What the check before the first step found."""

    word: str = ""
    reasons: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Dossier:
    """All of it; `training` and `examples` are of the newest adapter."""

    tests: tuple[Test, ...] = ()
    training: Training = Training()
    dataset: Dataset = Dataset()
    examples: tuple[Example, ...] = ()
    advice: Advice = Advice()
    export: str = ""
    licence: str = ""
    reviewed: str = ""


def tests(rows: Iterable[Row]) -> tuple[Test, ...]:
    """Gather the rows of one language by test; the language's own first, then English."""
    found: dict[tuple[str, str, str, str], dict[tuple[str, str], Figure]] = {}
    for row in rows:
        key = (
            text_of(row.get("benchmark")),
            text_of(row.get("direction")),
            text_of(row.get("tested")) or text_of(row["language"]),
            text_of(row.get("metric")),
        )
        figure = _figure(row)
        found.setdefault(key, {})[figure.model, figure.revision] = figure
    made = [Test(*key, tuple(figures.values())) for key, figures in found.items()]
    return tuple(sorted(made, key=lambda one: one.tested == "eng_Latn"))


def _figure(row: Row) -> Figure:
    significant, count = row.get("significant"), number(row.get("n"))
    return Figure(
        role=text_of(row.get("role")),
        model=text_of(row["model"]),
        revision=text_of(row.get("revision")),
        value=float(row["value"]),
        interval=interval(row.get("ci")),
        broken=broken_answers(row),
        n=None if count is None else int(count),
        difference=number(row.get("difference")),
        difference_interval=interval(row.get("difference_ci")),
        significant=significant if isinstance(significant, bool) else None,
    )


def training(log: bytes) -> Training:
    """Read an adapter's ``training_log.jsonl``, thinned out where it is long."""
    points: dict[str, list[tuple[float, float]]] = {"loss": [], "eval_loss": []}
    for entry in _objects(log):
        step = number(entry.get("step"))
        for key, series in points.items():
            value = number(entry.get(key))
            if step is not None and value is not None:
                series.append((step, value))
    return Training(_thinned(points["loss"]), _thinned(points["eval_loss"]))


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    every = max(1, len(points) // MOST_POINTS)
    return (*points[:-1:every], *points[-1:])


def dataset(manifest: bytes, sizes: Mapping[str, int]) -> Dataset:
    """Read a dataset's ``run.json``; `sizes` are the bytes of its files by path."""
    counts = _part(_object(manifest), "counts")
    kept, dropped = number(counts.get("kept")), _part(counts, "dropped")
    reasons = [(text_of(why), int(many)) for why, n in dropped.items() if (many := number(n))]
    sources: dict[str, int] = {}
    for path, size in sizes.items():
        folder, _, name = path.partition("/")
        if name.endswith(".parquet") and folder != "rejected":
            sources[folder] = sources.get(folder, 0) + size
    return Dataset(int(kept or 0), _largest(reasons), _largest(list(sources.items())))


def _largest(pairs: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


def advice(manifest: bytes) -> Advice:
    """Read what a check advised, ``checks/<code>/run.json``."""
    metrics = _part(_object(manifest), "metrics")
    told = metrics.get("reasons")
    reasons = [
        (text_of(one.get("what")), seen, wanted)
        for one in (told if isinstance(told, list) else ())
        if isinstance(one, dict)
        and (seen := number(one.get("seen"))) is not None
        and (wanted := number(one.get("wanted"))) is not None
    ]
    return Advice(text_of(metrics.get("advice")), tuple(reasons))


def examples(outputs: Iterable[bytes], code: str, base: str, adapter: str) -> tuple[Example, ...]:
    """A few items of which both models translated the same into the language.

    Not chosen by how well they went: the first ones of the benchmark.
    """
    said: dict[str, dict[str, Mapping[str, Any]]] = {}
    for line in outputs:
        row = _object(line)
        if row.get("direction") != f"eng_Latn-{code}" or row.get("model") not in (base, adapter):
            continue
        both = said.setdefault(str(row.get("id"))[:80], {})
        both[str(row["model"])] = row
    pairs = [both for both in said.values() if len(both) == 2][:MOST_EXAMPLES]
    return tuple(
        Example(
            _long(both[base].get("prompt")),
            _long(both[base].get("output")),
            _long(both[adapter].get("output")),
            _long(both[base].get("reference")),
        )
        for both in pairs
    )


def reviewed(card: bytes) -> str:
    """What an adapter's card says of the speakers who looked at its rows; nothing if nothing."""
    found = _REVIEWED.search(card.decode("utf-8", "replace"))
    if found is None:
        return ""
    word = "yes" if found[1] == "Reviewed" else "not yet"
    return f"{word}: {found[2]}" if found[2] else word


def _long(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value if len(value) <= LONGEST_EXAMPLE else value[:LONGEST_EXAMPLE] + " …"


def _objects(lines: bytes) -> Iterator[Mapping[str, Any]]:
    for line in lines.split(b"\n"):
        if found := _object(line):
            yield found


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _part(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}
