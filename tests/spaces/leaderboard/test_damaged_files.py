"""No file of the Hub breaks a page: whatever is wrong in it is left out, and rows are counted.

The files are those that recipes and bot wrote, damaged in many places.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from benchmarks import FIRST_BENCHMARKS
from charts_tab import charts
from details import (
    LanguageDetails,
    parse_advice,
    parse_dataset,
    parse_examples,
    parse_measures,
    parse_training_log,
)
from entries import build_leaderboard
from export import as_csv, as_json
from language_page import language_page
from parse_results import parse_benchmarks, parse_rows
from query import SORTS, EntryIndex, View
from queue_html import queue
from request_queue import parse_requests
from table_html import table

from recipes.core.benchmarks.table import leaderboard_columns
from tests.damaged_json import damaged_texts
from tests.spaces.markup_checker import URLS

OLD_SCHEMAS = Path(__file__).parents[2] / "data" / "old_schemas"
RESULTS = (OLD_SCHEMAS / "results" / "results.jsonl").read_bytes()
ENTRIES = build_leaderboard([RESULTS], []).entries


def assert_readable(markup: str, damage: str) -> None:
    assert not re.search(r"\b(nan|inf)\b", markup, re.IGNORECASE), damage
    assert len(markup) < 100_000, damage


def test_a_damaged_row_is_left_out_and_counted_or_does_no_harm() -> None:
    lines = RESULTS.split(b"\n")
    counts = Counter[int]()
    for damage, text in damaged_texts(json.loads(lines[1])):
        leaderboard = build_leaderboard([b"\n".join([*lines, text])], [])
        counts[leaderboard.unreadable_rows] += 1
        if leaderboard.unreadable_rows:
            continue
        entries = leaderboard.entries
        json.dumps([as_json(entry) for entry in entries], allow_nan=False)
        as_csv(entries, [], FIRST_BENCHMARKS)
        for sort in SORTS:
            page = EntryIndex(entries).select(View(sort=sort))
        markup = [charts(entries, each, FIRST_BENCHMARKS) for each in FIRST_BENCHMARKS.benchmarks]
        details = LanguageDetails(parse_measures(parse_rows(text)[0]))
        markup.append(language_page(entries, details, FIRST_BENCHMARKS, URLS))
        assert_readable(table(page, FIRST_BENCHMARKS, URLS) + "".join(markup), damage)
    assert set(counts) == {0, 1} and counts[1] > 50


def test_a_damaged_request_is_left_out_or_lacks_something() -> None:
    sheet = (OLD_SCHEMAS / "ledger" / "sheets" / "00000.jsonl").read_bytes()
    for damage, text in damaged_texts(json.loads(sheet.split(b"\n")[0])):
        requests = parse_requests([text.decode("utf-8", "replace")])
        assert_readable(queue(requests, URLS), damage)
        json.dumps([as_json(entry) for entry in build_leaderboard([RESULTS], requests).entries])


def test_a_damaged_file_of_a_language_leaves_its_part_out() -> None:
    manifests = OLD_SCHEMAS / "manifests"
    entry = ENTRIES[0]
    outputs = (OLD_SCHEMAS / "results" / "outputs.jsonl").read_bytes().split(b"\n")
    pages = {
        "training": (
            json.dumps({"step": 10, "loss": 2.5, "eval_loss": 2.25}).encode(),
            lambda text: LanguageDetails(training=parse_training_log(text)),
        ),
        "dataset": (
            (manifests / "generate.json").read_bytes(),
            lambda text: LanguageDetails(dataset=parse_dataset(text, {"topics/a.parquet": 9})),
        ),
        "check": (
            (manifests / "check.json").read_bytes(),
            lambda text: LanguageDetails(advice=parse_advice(text)),
        ),
        "outputs": (
            outputs[0],
            lambda text: LanguageDetails(
                examples=parse_examples([*outputs, text], entry.code, entry.base, entry.model)
            ),
        ),
    }
    for name, (written, details_of) in pages.items():
        for damage, text in damaged_texts(json.loads(written)):
            page = language_page(ENTRIES, details_of(text), FIRST_BENCHMARKS, URLS)
            assert_readable(page, f"{name}: {damage}")


def test_damaged_columns_are_refused_or_leave_a_table() -> None:
    for damage, text in damaged_texts(leaderboard_columns()[:2]):
        try:
            benchmarks = parse_benchmarks(text)
        except ValueError:
            continue
        page = EntryIndex(build_leaderboard([RESULTS], [], None, benchmarks).entries).select(View())
        assert_readable(table(page, benchmarks, URLS), damage)
