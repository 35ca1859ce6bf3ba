"""Entries for programs, as JSON and as CSV.

Pure. Numbers are the same as in the results. A text that a spreadsheet would take for a formula
gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import ABOUT, BenchmarkTable
from entries import Entry
from language_groups import family, region

# A spreadsheet may also begin a cell after a semicolon, a tab or a line break in a text.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[=+\-@\t\r\n|%])")
# The columns of a CSV file and what they hold, with units.
COLUMNS = {
    "language": "FLORES+ code of language and script",
    "name": "English name",
    "autonym": "the language's own name",
    "script": "script",
    "family": "language family",
    "region": "region of the world",
    "model": "repository of the adapter",
    "revision": "its commit",
    "version": "number of the version, from 1",
    "base": "repository of the base model",
    "licence": "licence that the adapter's card names",
    "reviewed": "whether speakers have reviewed enough of the data",
    "practice": "whether this is a practice run, which says nothing about real tests",
    "discussion": "number of the discussion that requested it",
    "gain": "mean gain, in points from 0 to 100",
    "gain_low": "lower end of its 95% interval",
    "gain_high": "upper end of its 95% interval",
    "rank": "rank by the mean gain, practice runs apart",
    "english": "whether English was kept: kept, some lost, lost or cannot tell",
    "english_difference": "mean difference in English, in points from 0 to 100",
    "english_difference_low": "lower end of its 95% interval",
    "english_difference_high": "upper end of its 95% interval",
}
ABOUT_COLUMNS = {
    "size": "number of parameters of the base model",
    "cost_usd": "US dollars for dataset and adapter",
    "date": "day of the evaluation, as year-month-day",
}
CHAT_COLUMNS = {
    "chat_metric": "metric of the questions that were asked in a chat",
    "chat_n": "number of chats",
    "chat_first": "score of the first questions of the chats, in the unit of the metric",
    "chat_first_low": "lower end of its 95% interval",
    "chat_first_high": "upper end of its 95% interval",
    "chat_second": "score of the second questions",
    "chat_second_low": "lower end of its 95% interval",
    "chat_second_high": "upper end of its 95% interval",
}
# After the key of a test and an underscore.
SCORE_COLUMNS = {
    "base": "score of the base model: accuracy from 0 to 1, any other metric from 0 to 100",
    "adapter": "score of the adapter, in the same unit",
    "difference": "adapter minus base, in the same unit",
    "low": "lower end of the difference's 95% interval, corrected for the number of tests",
    "high": "upper end of that interval",
    "p": "p of the difference, corrected for the number of tests",
    "significant": "whether the interval leaves out zero",
    "n": "number of items",
    "broken": "number of answers that are empty, cut off, repetitive or in another language",
}


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
    about = ABOUT_COLUMNS if not columns or ABOUT in columns else {}
    head = [*COLUMNS, *about, *CHAT_COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*head, *(f"{key}_{name}" for key in keys for name in SCORE_COLUMNS)])
    for entry in entries:
        row = as_json(entry)
        chat = {f"chat_{name}": value for name, value in (row["chat"] or {}).items()}
        flat = _flat(row | chat)
        values = [flat.get(name) for name in head]
        for key in keys:
            score = _flat(row["scores"].get(key, {}), "difference_ci")
            values += [score.get(name) for name in SCORE_COLUMNS]
        writer.writerow([_cell(value) for value in values])
    return "\ufeff" + text.getvalue()


def _flat(values: Mapping[str, Any], interval: str = "") -> dict[str, Any]:
    """Return the values with both ends of each interval, as `NAME_low` and `NAME_high`.

    The ends of `interval` are `low` and `high`.
    """
    ends: dict[str, Any] = {}
    for name, value in values.items():
        if name.endswith("_ci") and value is not None:
            start = "" if name == interval else name.removesuffix("ci")
            ends[f"{start}low"], ends[f"{start}high"] = value
    return {**values, **ends}


def _cell(value: object) -> object:
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value
