"""What a visitor wants to see, as part of an address, and the entries that match it.

Pure. Sort orders are computed once for a leaderboard and filtered for every visitor.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from urllib.parse import urlencode

from benchmarks import FIRST_BENCHMARKS, BenchmarkTable
from common.languages import MAX_NAME_LENGTH
from common.normalize import fold
from entries import Entry
from language_groups import family, region
from parse_results import MAX_TEXT_LENGTH

PAGE_SIZE = 20
SORTS = ("gain", "name", "date", "cost", "size", "english")  # besides the benchmarks
_PUNCTUATION = re.compile(r"[\W_]+")
MAX_COMPARED = 4
# What an entry must have to pass a filter, by the filter's name; empty if it has nothing.
FILTERS: Mapping[str, Callable[[Entry], str]] = {
    "script": lambda entry: entry.language.script_name,
    "family": lambda entry: family(entry.code),
    "region": lambda entry: region(entry.code),
    "base": lambda entry: entry.base,
    "english": lambda entry: entry.english,
    "licence": lambda entry: entry.card.licence,
    "reviewed": lambda entry: "by speakers" if entry.card.is_reviewed else "not yet",
    "version": lambda entry: "newest" if entry.version == entry.version_count else "older",
}
PAGE = "p"  # in addresses: Gradio owns `page`
_KEY = re.compile(r"[\w./-]{1,200}@[0-9a-f]{0,7}", re.ASCII)


@dataclass(frozen=True)
class View:
    """What a visitor wants to see; pages count from 1, a minus before the sort reverses it.

    Without `columns`, all are shown. Instead of the table there may be the page of a `language`,
    by any of its names, or the entries with the `compared` keys side by side.
    """

    query: str = ""
    script: str = ""
    family: str = ""
    region: str = ""
    base: str = ""
    covered: str = ""
    english: str = ""
    licence: str = ""
    reviewed: str = ""
    version: str = ""
    sort: str = "gain"
    columns: tuple[str, ...] = ()
    page: int = 1
    language: str = ""
    compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The entries of one page, and the number of all matching ones."""

    entries: tuple[Entry, ...]
    total: int
    number: int
    pages: int
    view: View = field(default_factory=View)


def from_query(query: Mapping[str, str], benchmarks: BenchmarkTable = FIRST_BENCHMARKS) -> View:
    """Return the view of a query string; unknown values are ignored."""
    texts = {name: query.get(name, "")[:MAX_TEXT_LENGTH] for name in ("query", "covered", *FILTERS)}
    sort = query.get("sort", "")
    page = query.get(PAGE) or query.get("page", "")  # the name in links that were shared earlier
    sorts = (*SORTS, *benchmarks.by_key)
    return View(
        **texts,
        sort=sort if sort.removeprefix("-") in sorts else View.sort,
        columns=benchmarks.known_columns(query.get("columns", "").split(",")),
        page=int(page) if re.fullmatch(r"[0-9]{1,6}", page) else 1,
        language=query.get("language", "")[:MAX_NAME_LENGTH].strip(),
        compared=known_keys(query.get("compared", "").split(",")),
    )


def known_keys(keys: object) -> tuple[str, ...]:
    """Return the first few keys of entries among what an address or a page names."""
    texts = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    return tuple(dict.fromkeys(key for key in texts if _KEY.fullmatch(key)))[:MAX_COMPARED]


def to_query(view: View) -> str:
    """Return the query string of a view without the question mark; empty for the default view."""
    default = View()
    parts = {
        item.name: ",".join(value) if isinstance(value, tuple) else value
        for item in fields(view)
        if (value := getattr(view, item.name)) != getattr(default, item.name)
    }
    return urlencode({PAGE if name == "page" else name: value for name, value in parts.items()})


def sorted_by(view: View, sort: str) -> View:
    """Return the first page of a view sorted by a column, reversed if it was sorted by it."""
    return replace(view, sort=f"-{sort}" if view.sort == sort else sort, page=1)


@dataclass(frozen=True, slots=True)
class _IndexedEntry:
    """An entry with what filters, by their names, and orders compare."""

    entry: Entry
    words: str
    values: Mapping[str, str]
    folded_title: str
    gain: float | None


class EntryIndex:
    """The entries of a leaderboard, prepared for many queries."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        folded: dict[str, str] = {}
        self._items = [_indexed(entry, folded) for entry in entries]
        self._orders: dict[str, list[_IndexedEntry]] = {}

    def __len__(self) -> int:
        return len(self._items)

    @cached_property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """The values of each filter."""
        values = {name: {item.values[name] for item in self._items} for name in FILTERS}
        return {name: tuple(sorted(found - {""})) for name, found in values.items()}

    def with_keys(self, keys: Sequence[str]) -> list[Entry]:
        """Return the entries with these keys, in their order; unknown ones are left out."""
        found = {item.entry.key: item.entry for item in self._items if item.entry.key in keys}
        return [found[key] for key in keys if key in found]

    def matching(self, view: View) -> list[Entry]:
        """Return all entries that match a view, in its order."""
        words = [f" {word}" for word in fold(view.query[:MAX_TEXT_LENGTH]).split()]
        if view.query.strip() and not words:
            return []
        items = self._ordered(view.sort)
        for word in words:
            items = [item for item in items if word in item.words]
        for name in FILTERS:
            if value := getattr(view, name):
                items = [item for item in items if item.values[name] == value]
        if view.covered:
            items = [item for item in items if view.covered in item.entry.scores]
        return [item.entry for item in items]

    def select(self, view: View) -> Page:
        """Return one page of the matching entries; a page out of range becomes the nearest one."""
        entries = self.matching(view)
        pages = max(1, math.ceil(len(entries) / PAGE_SIZE))
        number = min(max(view.page, 1), pages)
        shown = entries[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        return Page(tuple(shown), len(entries), number, pages, view)

    def _ordered(self, sort: str) -> list[_IndexedEntry]:
        if sort not in self._orders:
            self._orders[sort] = _sort(self._items, sort)
        return self._orders[sort]


def _indexed(entry: Entry, folded: dict[str, str]) -> _IndexedEntry:
    """Index an entry; `folded` caches folded names, which many entries share."""
    language = entry.language
    values = {name: value_of(entry) for name, value_of in FILTERS.items()}
    groups = (values["script"], values["family"], values["region"])
    names = dict.fromkeys((language.name, language.autonym, *groups))
    searched = " ".join((entry.name, entry.autonym, entry.code, entry.bcp47, *names))
    for text in (searched, entry.title):
        if text not in folded:
            folded[text] = fold(text)
    model = _PUNCTUATION.sub(" ", entry.model.casefold())
    words = f" {folded[searched]} {language.keys.replace(';', ' ')} {model}"
    return _IndexedEntry(entry, words, values, folded[entry.title], entry.gain)


def _sort(items: Sequence[_IndexedEntry], sort: str) -> list[_IndexedEntry]:
    """Sort by name, or by a number: the largest first, entries without one last."""
    key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    by_name = sorted(
        items, key=lambda item: item.folded_title, reverse=is_reversed and key == "name"
    )
    if key == "name":
        return by_name
    values = [(_sort_value(item, key), item) for item in by_name]
    with_value = [(value, item) for value, item in values if value is not None]
    with_value.sort(key=lambda pair: pair[0], reverse=not is_reversed)
    without_value = [item for value, item in values if value is None]
    return [item for _, item in with_value] + without_value


def _sort_value(item: _IndexedEntry, key: str) -> float | None:
    entry = item.entry
    match key:
        case "gain":
            return item.gain
        case "english":
            return entry.english_difference
        case "cost":
            return entry.cost_usd
        case "size":
            return entry.parameters
        case "date":
            digits = entry.date.replace("-", "")
            return float(digits) if digits.isdecimal() else None
    score = entry.scores.get(key)
    return score.adapter if score else None
