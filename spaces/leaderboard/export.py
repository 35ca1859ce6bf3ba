"""What is shown, for programs: the same rows as JSON and as CSV.

Pure. Numbers are as they stand in the results. A text that a spreadsheet would take for a formula
gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from benchmarks import ABOUT, BENCHMARKS
from entries import Entry, Score

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_FIGURES = ("base", "adapter", "difference", "low", "high", "p", "significant", "n", "broken")


def as_json(entry: Entry) -> dict[str, Any]:
    """What a script is told about an entry."""
    language = entry.language
    scores = {
        key: {
            "base": score.base,
            "adapter": score.adapter,
            "difference": score.difference,
            "difference_ci": score.interval,
            "p": score.p,
            "significant": score.significant,
            "n": score.n,
            "broken": score.broken,
        }
        for key, score in entry.scores.items()
    }
    return {
        "language": entry.code,
        "name": entry.name,
        "autonym": entry.autonym,
        "script": entry.script,
        "family": language.family,
        "region": language.region,
        "model": entry.model,
        "revision": entry.revision,
        "version": entry.version[0],
        "base": entry.base,
        "size": entry.size,
        "practice": entry.practice,
        "request": entry.request,
        "discussion": entry.discussion,
        "date": entry.date,
        "cost_usd": entry.cost,
        "gain": entry.gain,
        "scores": scores,
    }


def as_csv(entries: Sequence[Entry], columns: Sequence[str]) -> str:
    """One line an entry, with the figures of these columns; UTF-8 with a mark, as Excel wants."""
    shown = [column.key for column in BENCHMARKS if column.key in columns]
    about = ("size", "cost_usd", "date") if ABOUT in columns else ()
    head = ("language", "name", "autonym", "script", "family", "region", "model", "revision")
    head += ("version", "base", "practice", "discussion", "gain", *about)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow([*head, *(f"{key}_{figure}" for key in shown for figure in _FIGURES)])
    for entry in entries:
        told = as_json(entry)
        figures = [value for key in shown for value in _figures(entry.scores.get(key))]
        writer.writerow([_cell(value) for value in (*(told[key] for key in head), *figures)])
    return "\ufeff" + made.getvalue()


def _figures(score: Score | None) -> list[Any]:
    if score is None:
        return [None] * len(_FIGURES)
    low, high = score.interval or (None, None)
    compared = (score.base, score.adapter, score.difference, low, high)
    return [*compared, score.p, score.significant, score.n, score.broken]


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
