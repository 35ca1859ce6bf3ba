"""What a visitor asked to see, as a link can carry it, and the entries that this leaves.

Pure. Orders are made once for a board and every visitor filters them, so an answer costs one pass.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from urllib.parse import urlencode

from benchmarks import ALL, BENCHMARKS
from common.normalize import fold
from entries import Entry
from parse_results import LONGEST_TEXT

PAGE_SIZE = 20
SORTS = ("gain", "name", "date", "cost", "size", *(column.key for column in BENCHMARKS))
_PUNCTUATION = re.compile(r"[\W_]+")
_CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}(?:_[a-z0-9]+)?")


@dataclass(frozen=True)
class View:
    """What a visitor asked for; page counts from 1, a sort with a minus is the other way round."""

    query: str = ""
    script: str = ""
    family: str = ""
    region: str = ""
    base: str = ""
    covered: str = ""
    sort: str = "gain"
    columns: tuple[str, ...] = ALL
    page: int = 1
    language: str = ""


@dataclass(frozen=True)
class Page:
    """The entries of one page, and how many there are in all."""

    entries: tuple[Entry, ...]
    found: int
    number: int
    pages: int
    view: View = field(default_factory=View)


def from_query(query: Mapping[str, str]) -> View:
    """The view that a link asks for; what is not known in it counts as not said."""
    said = {
        name: query.get(name, "")[:LONGEST_TEXT]
        for name in ("query", "script", "family", "region", "base", "covered")
    }
    sort, language, page = query.get("sort", ""), query.get("language", ""), query.get("page", "")
    return View(
        **said,
        sort=sort if sort.removeprefix("-") in SORTS else View.sort,
        columns=known_columns(query["columns"].split(",")) if "columns" in query else ALL,
        page=int(page) if re.fullmatch(r"[0-9]{1,6}", page) else 1,
        language=language if _CODE.fullmatch(language) else "",
    )


def to_query(view: View) -> str:
    """The part of a link that restores a view, without the question mark; empty for the usual."""
    usual = View()
    parts = {
        one.name: ",".join(value) if isinstance(value, tuple) else value
        for one in fields(view)
        if (value := getattr(view, one.name)) != getattr(usual, one.name)
    }
    return urlencode(parts)


def known_columns(wanted: Sequence[str]) -> tuple[str, ...]:
    """The columns among these that there are, in their usual order; all of them for none."""
    return tuple(key for key in ALL if key in wanted) or ALL


def turned(view: View, sort: str) -> View:
    """The view after a heading was pressed: sorted by it, or the other way round."""
    same = view.sort == sort
    return replace(view, sort=f"-{sort}" if same else sort, page=1)


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry with what filters compare."""

    entry: Entry
    words: str
    script: str
    family: str
    region: str
    title: str
    gain: float | None


class Index:
    """A board made ready to be asked by many."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        folded: dict[str, str] = {}
        self._lines = [_line(entry, folded) for entry in entries]
        self._orders: dict[str, list[_Line]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @cached_property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """What there is to filter by: ``script``, ``family``, ``region`` and ``base``."""
        found = {
            "script": {line.script for line in self._lines},
            "family": {line.family for line in self._lines},
            "region": {line.region for line in self._lines},
            "base": {line.entry.base for line in self._lines},
        }
        return {name: tuple(sorted(values - {""})) for name, values in found.items()}

    def matching(self, view: View) -> list[Entry]:
        """All entries that a view leaves, in its order."""
        words = [f" {word}" for word in fold(view.query[:LONGEST_TEXT]).split()]
        if view.query.strip() and not words:
            return []
        return [line.entry for line in self._order(view.sort) if _matches(line, view, words)]

    def select(self, view: View) -> Page:
        """Filter, sort and cut out one page; a page out of range becomes the nearest one."""
        found = self.matching(view)
        pages = max(1, math.ceil(len(found) / PAGE_SIZE))
        at = min(max(view.page, 1), pages)
        cut = found[(at - 1) * PAGE_SIZE : at * PAGE_SIZE]
        return Page(tuple(cut), len(found), at, pages, view)

    def _order(self, sort: str) -> list[_Line]:
        if sort not in self._orders:
            self._orders[sort] = _ordered(self._lines, sort)
        return self._orders[sort]


def _line(entry: Entry, folded: dict[str, str]) -> _Line:
    """`folded` remembers what names are when they are folded: many entries have the same."""
    language = entry.language
    groups = (language.name, language.autonym, entry.script, language.family, language.region)
    told = " ".join((entry.name, entry.autonym, entry.code, entry.bcp47, *dict.fromkeys(groups)))
    for text in (told, entry.title):
        if text not in folded:
            folded[text] = fold(text)
    model = _PUNCTUATION.sub(" ", entry.model.casefold())
    words = f" {folded[told]} {language.keys.replace(';', ' ')} {model}"
    group = (entry.script, language.family, language.region)
    return _Line(entry, words, *group, folded[entry.title], entry.gain)


def _matches(line: _Line, view: View, words: Sequence[str]) -> bool:
    return (
        all(word in line.words for word in words)
        and view.script in ("", line.script)
        and view.family in ("", line.family)
        and view.region in ("", line.region)
        and view.base in ("", line.entry.base)
        and (not view.covered or view.covered in line.entry.scores)
    )


def _ordered(lines: Sequence[_Line], sort: str) -> list[_Line]:
    """By name, or by a figure: the largest first, those that have none last."""
    key, back = sort.removeprefix("-"), sort.startswith("-")
    named = sorted(lines, key=lambda line: line.title, reverse=back and key == "name")
    if key == "name":
        return named
    ranks = [(_rank(line, key), line) for line in named]
    ranked = [(rank, line) for rank, line in ranks if rank is not None]
    ranked.sort(key=lambda pair: pair[0], reverse=not back)
    return [line for _, line in ranked] + [line for rank, line in ranks if rank is None]


def _rank(line: _Line, sort: str) -> float | None:
    """Say how high an entry stands; None for one that has no such figure."""
    entry = line.entry
    match sort:
        case "gain":
            return line.gain
        case "cost":
            return entry.cost
        case "size":
            return entry.size
        case "date":
            digits = entry.date.replace("-", "")
            return float(digits) if digits.isdecimal() else None
    score = entry.scores.get(sort)
    return score.adapter if score else None
