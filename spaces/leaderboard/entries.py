"""The entries of the leaderboard: each adapter with its scores and the request it was made for.

Pure: rows in, frozen values out. Nothing here reads the Hub or writes HTML.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks import FIRST_BENCHMARKS, Benchmark, BenchmarkTable
from common.languages import Language, by_code
from model_cards import ModelCard
from msgspec import Struct
from parse_results import ChatScore, Row, column_of, parse_rows, text_of
from request_queue import Request


class Score(Struct, frozen=True):
    """Base model and adapter on one benchmark; chrF++ is 0 to 100, accuracy 0 to 1.

    A difference times `scale` is in points from 0 to 100. Benchmarks of one `family` share their
    texts. `degenerate` counts the adapter's degenerate answers among `n`. `peer` is the best of the
    other models: its name and its value.
    """

    base: float | None = None
    adapter: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    significant: bool | None = None
    n: int | None = None
    chance: float | None = None
    degenerate: int | None = None
    scale: float = 1.0
    family: str = ""
    peer: tuple[str, float] | None = None

    @property
    def outcome(self) -> str:
        """One of `gain`, `loss`, `unclear` (not significant) and `untested`."""
        if self.difference is None or self.significant is None:
            return "untested"
        if not self.significant:
            return "unclear"
        return "gain" if self.difference > 0 else "loss"


@dataclass(frozen=True)
class Entry:
    """A row of the leaderboard: a language and one version of an adapter for it.

    `parameters` are those of the base model. Of several versions (commits) of an adapter the oldest
    is version 1. `peers` is the number of other models that were tested in the language. `rank`
    orders entries by gain, practice runs apart; it is 0 without a gain. `english` says whether it
    was kept, and its mean difference from the base is in points, as the gain is.
    """

    code: str
    model: str
    base: str
    scores: Mapping[str, Score]
    practice: bool
    request: str = ""
    date: str = ""
    cost_usd: float | None = None
    name: str = ""
    autonym: str = ""
    bcp47: str = ""
    discussion: int | None = None
    revision: str = ""
    parameters: int | None = None
    version: int = 1
    version_count: int = 1
    peers: int = 0
    rank: int = 0
    gain_interval: tuple[float, float] | None = None
    english: str = ""
    english_difference: float | None = None
    english_interval: tuple[float, float] | None = None
    chat: ChatScore | None = None
    card: ModelCard = ModelCard()

    @property
    def key(self) -> str:
        """What names the entry in addresses: the adapter with the beginning of its commit."""
        return f"{self.model}@{self.revision[:7]}"

    @property
    def title(self) -> str:
        """The language's English name, or its code if nobody knows a name."""
        return self.name or self.code

    @property
    def language(self) -> Language:
        """The language in the table of languages."""
        return by_code(self.code)

    @property
    def gain(self) -> float | None:
        """The mean difference, all on 0 to 100: each family of benchmarks counts once."""
        return _mean(self.gains)

    @property
    def mean(self) -> float | None:
        """The mean score of the adapter, all on 0 to 100: each family of benchmarks counts once."""
        return _mean(self._by_family(lambda score: score.adapter))

    @property
    def gains(self) -> dict[str, float]:
        """The mean difference of each family of benchmarks, all on 0 to 100."""
        return self._by_family(lambda score: score.difference)

    def _by_family(self, value_of: Callable[[Score], float | None]) -> dict[str, float]:
        families: dict[str, list[float]] = {}
        for score in self.scores.values():
            value = value_of(score)
            if value is not None:
                families.setdefault(score.family, []).append(score.scale * value)
        return {family: sum(values) / len(values) for family, values in families.items()}


def _mean(by_family: Mapping[str, float]) -> float | None:
    return sum(by_family.values()) / len(by_family) if by_family else None


@dataclass(frozen=True)
class Leaderboard:
    """Everything that is shown, and what could not be read: the number of rows, and files."""

    entries: tuple[Entry, ...] = ()
    requests: tuple[Request, ...] = ()
    unreadable_rows: int = 0
    unreadable_files: tuple[str, ...] = ()
    benchmarks: BenchmarkTable = FIRST_BENCHMARKS


@dataclass(frozen=True)
class ResultsFile:
    """What one `results.jsonl` holds, before it is joined with the requests."""

    entries: tuple[Entry, ...] = field(default=())
    unreadable_rows: int = 0


def parse_results_file(
    text: str | bytes, benchmarks: BenchmarkTable = FIRST_BENCHMARKS
) -> ResultsFile:
    """Read one `results.jsonl`."""
    rows, unreadable = parse_rows(text)
    return ResultsFile(tuple(_entries(rows, benchmarks)), unreadable)


def build_leaderboard(
    results: Iterable[str | bytes | ResultsFile],
    requests: Iterable[Request],
    parameters: Mapping[str, int] | None = None,
    benchmarks: BenchmarkTable = FIRST_BENCHMARKS,
    cards: Mapping[str, ModelCard] | None = None,
) -> Leaderboard:
    """Join all results with their requests.

    `parameters` are those of the base models, `cards` those of the adapters.
    """
    queue = tuple(requests)
    files = [
        r if isinstance(r, ResultsFile) else parse_results_file(r, benchmarks) for r in results
    ]
    entries = [entry for file in files for entry in file.entries]
    by_id = {request.id: request for request in queue}
    named_by_code = {request.code: request for request in queue if request.name}
    versions = _versions(entries)
    joined = []
    for entry, rank in zip(entries, _ranks(entries), strict=True):
        version, version_count = versions[entry.code, entry.model, entry.revision]
        joined.append(
            replace(
                entry,
                **_of_request(entry, by_id, named_by_code),
                parameters=(parameters or {}).get(entry.base),
                version=version,
                version_count=version_count,
                rank=rank,
                card=(cards or {}).get(entry.model, ModelCard()),
            )
        )
    unreadable = sum(file.unreadable_rows for file in files)
    return Leaderboard(tuple(joined), queue, unreadable, benchmarks=benchmarks)


def _ranks(entries: Sequence[Entry]) -> list[int]:
    """Return the rank of each entry among all practice runs, or among all others."""
    gains = [entry.gain for entry in entries]
    better: dict[bool, list[float]] = {True: [], False: []}
    for entry, gain in zip(entries, gains, strict=True):
        if gain is not None:
            better[entry.practice].append(-gain)
    for negated in better.values():
        negated.sort()
    return [
        0 if gain is None else bisect_left(better[entry.practice], -gain) + 1
        for entry, gain in zip(entries, gains, strict=True)
    ]


def newest(entries: Iterable[Entry]) -> Entry:
    """Return the entry that was evaluated last."""
    return max(entries, key=lambda entry: (entry.date, entry.version))


def _entries(rows: Sequence[Row], benchmarks: BenchmarkTable) -> list[Entry]:
    bases: dict[tuple[str, str, str], Row] = {}
    adapters: dict[tuple[str, str, str], list[tuple[str | None, Row]]] = {}
    peers: dict[str, dict[str, Row]] = {}
    peer_names: dict[str, set[str]] = {}
    for row in rows:
        language, model, role = row.language, row.model, row.role
        column = column_of(row, benchmarks)
        if role == "base" and column:
            bases[language, model, column] = row
        elif role == "adapter":
            revision = text_of(row.revision)
            adapters.setdefault((language, model, revision), []).append((column, row))
        elif role == "peer":
            peer_names.setdefault(language, set()).add(model)
            best = peers.setdefault(language, {})
            if column and (column not in best or best[column].value < row.value):
                best[column] = row
    return [
        _entry(
            adapter_rows,
            bases,
            peers.get(language, {}),
            len(peer_names.get(language, ())),
            benchmarks,
        )
        for (language, _, _), adapter_rows in adapters.items()
    ]


def _entry(
    rows: Sequence[tuple[str | None, Row]],
    bases: Mapping[tuple[str, str, str], Row],
    peers: Mapping[str, Row],
    peer_count: int,
    benchmarks: BenchmarkTable,
) -> Entry:
    last = max((row for _, row in rows), key=lambda row: text_of(row.evaluated_at))
    base, by_column = text_of(last.base), {column: row for column, row in rows if column}
    return Entry(
        code=last.language,
        model=last.model,
        base=base,
        scores={
            key: _score(
                by_column[key], bases.get((last.language, base, key)), peers.get(key), benchmark
            )
            for key, benchmark in benchmarks.by_key.items()
            if key in by_column
        },
        practice=any(row.practice is not False for _, row in rows),
        request=text_of(last.request),
        date=text_of(last.evaluated_at)[:10],
        cost_usd=last.cost_usd,
        revision=text_of(last.revision),
        version=int((last.version or "v0")[1:]),
        peers=peer_count,
        gain_interval=last.gain_ci,
        english=last.english or "",
        english_difference=last.english_difference,
        english_interval=last.english_difference_ci,
        chat=last.chat,
    )


def _score(row: Row, base: Row | None, peer: Row | None, benchmark: Benchmark) -> Score:
    return Score(
        base=base.value if base else None,
        adapter=row.value,
        difference=row.difference,
        interval=row.difference_ci,
        p=row.p,
        significant=row.significant,
        n=row.n,
        chance=row.chance,
        degenerate=(row.degenerate or {}).get("any"),
        scale=benchmark.points(1),
        family=benchmark.family or benchmark.name,
        peer=(peer.model, peer.value) if peer else None,
    )


def _versions(entries: Iterable[Entry]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return number and count of the versions of each repository, the oldest being 1.

    Rows that `promote` wrote name their version.
    """
    by_model: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        by_model.setdefault((entry.code, entry.model), []).append(entry)
    return {
        (code, model, entry.revision): (
            entry.version or version,
            max(len(versions), *(each.version for each in versions)),
        )
        for (code, model), versions in by_model.items()
        for version, entry in enumerate(sorted(versions, key=lambda entry: entry.date), 1)
    }


def _of_request(
    entry: Entry, by_id: Mapping[str, Request], named_by_code: Mapping[str, Request]
) -> dict[str, Any]:
    """Return names, discussion and cost from the entry's request, or names from another one."""
    own, table = by_id.get(entry.request), entry.language
    is_named = own is not None and own.code == entry.code and own.name != ""
    names = (own if is_named else named_by_code.get(entry.code)) or table
    found = {"name": names.name, "autonym": names.autonym, "bcp47": names.bcp47}
    if own is None:
        return found
    cost_usd = entry.cost_usd if own.cost_usd is None else own.cost_usd
    return {**found, "discussion": own.discussion, "cost_usd": cost_usd}
