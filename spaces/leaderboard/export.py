"""Entries for programs, as JSON and as CSV.

Pure. Numbers are the same as in the results. A text that a spreadsheet would take for a formula
gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from benchmarks import ABOUT, BenchmarkTable
from entries import Entry, Score
from language_groups import family, region

# A spreadsheet may also begin a cell after a semicolon, a tab or a line break in a text.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[=+\-@\t\r\n|%])")
_SCORE_FIELDS = ("base", "adapter", "difference", "low", "high", "p", "significant", "n", "broken")


def as_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as the API gives it; `broken` counts degenerate answers."""
    scores = {
        key: {
            "base": score.base,
            "adapter": score.adapter,
            "difference": score.difference,
            "difference_ci": score.interval,
            "p": score.p,
            "significant": score.significant,
            "n": score.n,
            "peer": score.peer and {"model": score.peer[0], "value": score.peer[1]},
            "broken": score.degenerate,
        }
        for key, score in entry.scores.items()
    }
    return {
        "language": entry.code,
        "name": entry.name,
        "autonym": entry.autonym,
        "script": entry.language.script_name,
        "family": family(entry.code),
        "region": region(entry.code),
        "model": entry.model,
        "revision": entry.revision,
        "version": entry.version,
        "base": entry.base,
        "licence": entry.card.licence,
        "reviewed": entry.card.is_reviewed,
        "size": entry.parameters,
        "practice": entry.practice,
        "request": entry.request,
        "discussion": entry.discussion,
        "date": entry.date,
        "cost_usd": entry.cost_usd,
        "gain": entry.gain,
        "gain_ci": entry.gain_interval,
        "english": entry.english,
        "english_difference": entry.english_difference,
        "english_difference_ci": entry.english_interval,
        "chat": entry.chat,
        "rank": entry.rank or None,
        "scores": scores,
    }


def as_csv(entries: Sequence[Entry], columns: Sequence[str], benchmarks: BenchmarkTable) -> str:
    """Return one line an entry with the scores of these columns, as UTF-8 with a mark for Excel."""
    keys = [key for key in benchmarks.by_key if not columns or key in columns]
    about = ("size", "cost_usd", "date") if not columns or ABOUT in columns else ()
    head = ["language", "name", "autonym", "script", "family", "region", "model", "revision"]
    head += ("version", "base", "licence", "reviewed", "practice", "discussion", "gain", "rank")
    head += ("english", "english_difference", *about)
    chat = ("metric", "n", "first", "second")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(
        [
            *head,
            *(f"chat_{name}" for name in chat),
            *(f"{key}_{name}" for key in keys for name in _SCORE_FIELDS),
        ]
    )
    for entry in entries:
        row = as_json(entry)
        values = [row[name] for name in head]
        values += [(row["chat"] or {}).get(name) for name in chat]
        values += [value for key in keys for value in _score_values(entry.scores.get(key))]
        writer.writerow([_cell(value) for value in values])
    return "\ufeff" + text.getvalue()


def _score_values(score: Score | None) -> list[Any]:
    if score is None:
        return [None] * len(_SCORE_FIELDS)
    low, high = score.interval or (None, None)
    compared = (score.base, score.adapter, score.difference, low, high)
    return [*compared, score.p, score.significant, score.n, score.degenerate]


def _cell(value: object) -> object:
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
