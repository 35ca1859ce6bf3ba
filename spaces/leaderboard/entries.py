"""The board: every adapter with its scores, beside the request that asked for it.

Pure: rows in, frozen values out; nothing here reads the Hub and nothing here writes HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks import BENCHMARKS, points
from language_groups import Language, by_code
from parse_results import Row, column_of, interval, number, parse_rows, text_of
from request_queue import Request


@dataclass(frozen=True)
class Score:
    """Base against adapter on one benchmark; chrF++ is 0..100, accuracy 0..1.

    `broken` counts degenerate answers of the adapter among `n`.
    """

    base: float | None = None
    adapter: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    significant: bool | None = None
    n: int | None = None
    chance: float | None = None
    signature: str = ""
    broken: int | None = None

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
    """One line of the leaderboard: a language and one version of an adapter made for it.

    `size` counts the base's parameters; `version` is (which, of how many), the oldest being 1;
    `peers` counts the other models that were tested beside it.
    """

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
    revision: str = ""
    size: int | None = None
    version: tuple[int, int] = (1, 1)
    peers: int = 0

    @property
    def title(self) -> str:
        """The language's English name, or its code where nobody knows a name."""
        return self.name or self.code

    @property
    def language(self) -> Language:
        """What the table of languages says about it."""
        return by_code(self.code)

    @property
    def script(self) -> str:
        """The English name of the script, or its ISO 15924 code."""
        return Language(self.code).script

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
class Sheet:
    """What one ``results.jsonl`` holds, before it is put beside the queue."""

    entries: tuple[Entry, ...] = field(default=())
    broken: int = 0


def read(text: str | bytes) -> Sheet:
    """Read one ``results.jsonl``."""
    rows, bad = parse_rows(text)
    return Sheet(tuple(_entries(rows)), bad)


def build(
    results: Iterable[str | bytes | Sheet],
    requests: Iterable[Request],
    sizes: Mapping[str, int] | None = None,
) -> Board:
    """Put all results beside the requests that asked for them; `sizes` counts parameters."""
    queue = tuple(requests)
    sheets = [one if isinstance(one, Sheet) else read(one) for one in results]
    entries = [entry for sheet in sheets for entry in sheet.entries]
    known = {request.id: request for request in queue}
    named = {request.code: request for request in queue if request.name}
    versions = _versions(entries)
    shown = (
        replace(
            _beside(entry, known, named),
            size=(sizes or {}).get(entry.base),
            version=versions[entry.code, entry.model, entry.revision],
        )
        for entry in entries
    )
    return Board(tuple(shown), queue, sum(sheet.broken for sheet in sheets))


def _entries(rows: Sequence[Row]) -> list[Entry]:
    bases: dict[tuple[str, str, str], Row] = {}
    grouped: dict[tuple[str, str, str], list[tuple[str | None, Row]]] = {}
    peers: dict[str, set[str]] = {}
    for row in rows:
        language, model, role, key = row["language"], row["model"], row["role"], column_of(row)
        if role == "base" and key:
            bases[language, model, key] = row
        elif role == "adapter":
            revision = text_of(row.get("revision"))
            grouped.setdefault((language, model, revision), []).append((key, row))
        elif role == "peer":
            peers.setdefault(language, set()).add(model)
    return [_entry(group, bases, len(peers.get(names[0], ()))) for names, group in grouped.items()]


def _entry(
    rows: Sequence[tuple[str | None, Row]], bases: Mapping[tuple[str, str, str], Row], peers: int
) -> Entry:
    last = max((row for _, row in rows), key=lambda row: text_of(row.get("date")))
    base = text_of(last.get("base"))
    return Entry(
        code=text_of(last["language"]),
        model=text_of(last["model"]),
        base=base,
        scores={
            key: _score(row, bases.get((row["language"], base, key))) for key, row in rows if key
        },
        practice=any(row.get("practice") is not False for _, row in rows),
        request=text_of(last.get("request")),
        date=text_of(last.get("date"))[:10],
        cost=number(last.get("cost_usd")),
        revision=text_of(last.get("revision")),
        peers=peers,
    )


def _score(row: Row, base: Row | None) -> Score:
    significant = row.get("significant")
    return Score(
        base=number(base.get("value")) if base else None,
        adapter=number(row["value"]),
        difference=number(row.get("difference")),
        interval=interval(row.get("difference_ci")),
        p=number(row.get("p")),
        significant=significant if isinstance(significant, bool) else None,
        n=_whole(row.get("n")),
        chance=number(row.get("chance")),
        signature=text_of(row.get("signature")),
        broken=broken_answers(row),
    )


def broken_answers(row: Row) -> int | None:
    """How many of a translation's answers are empty, cut off, in a loop or in no such language."""
    flaws: Any = row.get("degenerate")
    return _whole(flaws.get("any")) if isinstance(flaws, dict) else None


def _whole(value: object) -> int | None:
    found = number(value)
    return None if found is None else int(found)


def _versions(entries: Iterable[Entry]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Number what the same repository held at several commits, the oldest first."""
    by_model: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        by_model.setdefault((entry.code, entry.model), []).append(entry)
    return {
        (code, model, entry.revision): (number_, len(group))
        for (code, model), group in by_model.items()
        for number_, entry in enumerate(sorted(group, key=lambda one: one.date), 1)
    }


def _beside(entry: Entry, known: Mapping[str, Request], named: Mapping[str, Request]) -> Entry:
    own, table = known.get(entry.request), entry.language
    told = own if own and own.code == entry.code and own.name else named.get(entry.code)
    names = told or table
    entry = replace(entry, name=names.name, autonym=names.autonym, bcp47=names.bcp47)
    if own is None:
        return entry
    cost = entry.cost if own.spent is None else own.spent
    return replace(entry, discussion=own.discussion, cost=cost)
