"""What the results say, and which of them a visitor asked to see.

Pure: text in, frozen values out. Everything that comes from the results repository is hostile until
it is parsed here; nothing here reads the Hub and nothing here writes HTML.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from columns import BENCHMARKS, points
from ledger import Request
from scripts import SCRIPTS

PAGE_SIZE = 25
LONGEST_TEXT = 200
_COLUMN_OF = {"sib200": "topic", "belebele": "reading", "global_mmlu": "knowledge"}


@dataclass(frozen=True)
class Score:
    """Base against adapter on one benchmark; chrF++ is 0..100, accuracy 0..1."""

    base: float | None = None
    adapter: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    significant: bool | None = None
    n: int | None = None
    chance: float | None = None
    signature: str = ""

    @property
    def verdict(self) -> str:
        """One of ``gain``, ``loss``, ``unclear`` (within chance) and ``untested``."""
        if self.difference is None or self.significant is None:
            return "untested"
        if not self.significant:
            return "unclear"
        return "gain" if self.difference > 0 else "loss"


@dataclass(frozen=True)
class Entry:
    """One line of the leaderboard: a language and the adapter made for it."""

    code: str
    model: str
    base: str
    scores: Mapping[str, Score]
    practice: bool
    request: str = ""
    date: str = ""
    cost: float | None = None
    name: str = ""
    autonym: str = ""
    bcp47: str = ""
    discussion: int | None = None

    @property
    def title(self) -> str:
        """The language's English name, or its code where no request tells the name."""
        return self.name or self.code

    @property
    def script(self) -> str:
        """The English name of the script, or its ISO 15924 code."""
        tag = self.code.partition("_")[2]
        return SCRIPTS.get(tag, tag)

    @property
    def gain(self) -> float | None:
        """Mean difference over the covered benchmarks, all on 0..100."""
        seen = [
            points(column, score.difference)
            for column in BENCHMARKS
            if (score := self.scores.get(column.key)) and score.difference is not None
        ]
        return sum(seen) / len(seen) if seen else None


@dataclass(frozen=True)
class Board:
    """Everything shown, with the number of result rows that could not be read."""

    entries: tuple[Entry, ...] = ()
    requests: tuple[Request, ...] = ()
    broken: int = 0


@dataclass(frozen=True)
class View:
    """What a visitor asked for; page counts from 1."""

    query: str = ""
    script: str = ""
    base: str = ""
    covered: str = ""
    sort: str = "gain"
    page: int = 1


@dataclass(frozen=True)
class Page:
    """The entries of one page, and how many there are in all."""

    entries: tuple[Entry, ...]
    found: int
    number: int
    pages: int
    view: View = field(default_factory=View)


def build(results: Iterable[str], requests: Iterable[Request]) -> Board:
    """Read the texts of all ``results.jsonl`` and put each beside its request."""
    queue = tuple(requests)
    known = {request.id: request for request in queue}
    named = {request.code: request for request in queue if request.name}
    entries: list[Entry] = []
    broken = 0
    for text in results:
        rows, bad = parse_rows(text)
        broken += bad
        entries += [_beside(entry, known, named) for entry in _entries(rows)]
    return Board(tuple(entries), queue, broken)


def parse_rows(text: str) -> tuple[list[dict[str, Any]], int]:
    """Read a ``results.jsonl``; return its usable rows and the number of unusable ones."""
    rows: list[dict[str, Any]] = []
    bad = 0
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict) and _aside(row):
            continue
        if isinstance(row, dict) and _usable(row):
            rows.append(row)
        else:
            bad += 1
    return rows, bad


def _aside(row: Mapping[str, Any]) -> bool:
    """Whether a row is right but no score of ours in the language: a peer, English, a gap."""
    other = row.get("tested", row.get("language")) != row.get("language")
    return other or row.get("role") == "peer" or row.get("covered") is False


def _usable(row: Mapping[str, Any]) -> bool:
    names = (row.get("language"), row.get("model"), row.get("benchmark"))
    return (
        row.get("role") in ("base", "adapter")
        and all(isinstance(name, str) and name for name in names)
        and number(row.get("value")) is not None
    )


def number(value: object) -> float | None:
    """Return a finite number, or None for anything else (NaN, infinity, text, booleans)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def text_of(value: object) -> str:
    """Return a short text, or nothing for anything else."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def column_of(row: Mapping[str, Any]) -> str | None:
    """Say which column a row belongs to; None for benchmarks and metrics that are not shown."""
    benchmark, metric = row.get("benchmark"), row.get("metric")
    if benchmark == "flores" and metric == "chrF++":
        source, _, target = text_of(row.get("direction")).partition("-")
        if source == "eng_Latn" and target == row["language"]:
            return "into"
        return "out" if target == "eng_Latn" and source == row["language"] else None
    return _COLUMN_OF.get(str(benchmark)) if metric == "accuracy" else None


def _entries(rows: Sequence[Mapping[str, Any]]) -> list[Entry]:
    bases = {
        (row["language"], row["model"], key): row
        for row in rows
        if row["role"] == "base" and (key := column_of(row))
    }
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["role"] == "adapter":
            grouped.setdefault((row["language"], row["model"]), []).append(row)
    return [_entry(group, bases) for group in grouped.values()]


def _entry(
    rows: Sequence[Mapping[str, Any]], bases: Mapping[tuple[str, str, str], Mapping[str, Any]]
) -> Entry:
    last = max(rows, key=lambda row: text_of(row.get("date")))
    base = text_of(last.get("base"))
    scores = {
        key: _score(row, bases.get((row["language"], base, key)))
        for row in rows
        if (key := column_of(row))
    }
    return Entry(
        code=text_of(last["language"]),
        model=text_of(last["model"]),
        base=base,
        scores=scores,
        practice=any(row.get("practice") is not False for row in rows),
        request=text_of(last.get("request")),
        date=text_of(last.get("date"))[:10],
        cost=number(last.get("cost_usd")),
    )


def _score(row: Mapping[str, Any], base: Mapping[str, Any] | None) -> Score:
    significant = row.get("significant")
    count = number(row.get("n"))
    return Score(
        base=number(base.get("value")) if base else None,
        adapter=number(row["value"]),
        difference=number(row.get("difference")),
        interval=_interval(row.get("difference_ci")),
        p=number(row.get("p")),
        significant=significant if isinstance(significant, bool) else None,
        n=int(count) if count is not None else None,
        chance=number(row.get("chance")),
        signature=text_of(row.get("signature")),
    )


def _interval(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = number(value[0]), number(value[1])
    return None if low is None or high is None else (low, high)


def _beside(entry: Entry, known: Mapping[str, Request], named: Mapping[str, Request]) -> Entry:
    own = known.get(entry.request)
    told = own if own and own.code == entry.code and own.name else named.get(entry.code)
    if told:
        entry = replace(entry, name=told.name, autonym=told.autonym, bcp47=told.bcp47)
    if own is None:
        return entry
    cost = entry.cost if own.spent is None else own.spent
    return replace(entry, discussion=own.discussion, cost=cost)


def fold(text: str) -> str:
    """Make a text comparable: no case, no accents, no spaces around."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in bare if not unicodedata.combining(sign)).strip()


def _matches(entry: Entry, view: View, words: Sequence[str]) -> bool:
    names = fold(
        " ".join((entry.name, entry.autonym, entry.code, entry.bcp47, entry.script, entry.model))
    )
    return (
        all(word in names for word in words)
        and view.script in ("", entry.script)
        and view.base in ("", entry.base)
        and (not view.covered or view.covered in entry.scores)
    )


def select(entries: Sequence[Entry], view: View) -> Page:
    """Filter, sort and cut out one page; a page out of range becomes the nearest one."""
    words = fold(view.query[:LONGEST_TEXT]).split()
    found = [entry for entry in entries if _matches(entry, view, words)]
    found.sort(key=lambda entry: fold(entry.title))
    if view.sort != "name":
        ranked = [(rank, entry) for entry in found if (rank := _rank(entry, view.sort))]
        unranked = [entry for entry in found if _rank(entry, view.sort) is None]
        ranked.sort(key=lambda pair: pair[0], reverse=True)
        found = [entry for _, entry in ranked] + unranked
    pages = max(1, math.ceil(len(found) / PAGE_SIZE))
    number_ = min(max(view.page, 1), pages)
    cut = found[(number_ - 1) * PAGE_SIZE : number_ * PAGE_SIZE]
    return Page(tuple(cut), len(found), number_, pages, view)


def _rank(entry: Entry, sort: str) -> tuple[float, str] | None:
    """Say how high an entry stands (largest first); None for one that has no such figure."""
    if sort == "date":
        return (0.0, entry.date) if entry.date else None
    if sort == "gain":
        return None if entry.gain is None else (entry.gain, "")
    score = entry.scores.get(sort)
    return None if score is None or score.adapter is None else (score.adapter, "")


def as_json(entry: Entry) -> dict[str, Any]:
    """What a script is told about an entry; numbers as they are in the results."""
    scores = {
        key: {
            "base": score.base,
            "adapter": score.adapter,
            "difference": score.difference,
            "difference_ci": score.interval,
            "p": score.p,
            "significant": score.significant,
            "n": score.n,
        }
        for key, score in entry.scores.items()
    }
    return {
        "language": entry.code,
        "name": entry.name,
        "model": entry.model,
        "base": entry.base,
        "practice": entry.practice,
        "request": entry.request,
        "discussion": entry.discussion,
        "date": entry.date,
        "cost_usd": entry.cost,
        "scores": scores,
    }
