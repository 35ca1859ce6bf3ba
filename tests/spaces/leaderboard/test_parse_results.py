"""Lines of a results file."""

from __future__ import annotations

import json

import pytest
from benchmarks import FIRST_BENCHMARKS
from parse_results import parse_benchmarks, parse_rows

from recipes.core.benchmarks.table import leaderboard_columns
from tests.spaces.result_rows import lines, pair


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "{}",
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"adapter","value":NaN}',
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"adapter","value":Infinity}',
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"adapter","value":1e999}',
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"adapter","value":true}',
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"adapter","value":"9"}',
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"judge","value":1}',
        '{"language":"","model":"b","benchmark":"c","role":"base","value":1}',
        '{"language":1,"model":"b","benchmark":"c","role":"base","value":1}',
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"base","value":1'
        + "0" * 400
        + "}",
        '{"language":"epo_Latn","model":"b","benchmark":"c","role":"base","value":1,"x":NaN}',
        r'{"language":"epo_Latn","model":"b","benchmark":"c","role":"base","value":1,"x":"\ud800"}',
        "[" * 100_000,
    ],
)
def test_unreadable_row_is_counted_and_the_others_are_kept(line: str) -> None:
    good = lines(*pair("epo_Latn", "sib200", 0.2, 0.7))
    rows, unreadable = parse_rows(good + line + "\n\n" + good)
    assert (len(rows), unreadable) == (4, 1)


@pytest.mark.parametrize(
    "more", [{"x": 10**400}, {"x": '"'}, {"x": {"value": 2}}, {"x": {"value": [1, {"p": 7}]}}]
)
def test_what_is_odd_in_a_part_that_is_not_shown_does_no_harm(more: dict[str, object]) -> None:
    _, row = pair("epo_Latn", "sib200", 0.2, 0.7)
    assert parse_rows(lines({**row, **more})) == parse_rows(lines(row))


@pytest.mark.parametrize(
    "twice",
    ['"value":0.9', '"practice":false', '"degenerate":{"any":1,"any":2}', r'"\u0076alue":0.9'],
)
def test_of_equal_keys_the_last_one_counts_as_for_all_other_readers(twice: str) -> None:
    _, row = pair("epo_Latn", "sib200", 0.2, 0.7, degenerate={"any": 0})
    text = f"{json.dumps(row)[:-1]}, {twice}}}"
    rows, unreadable = parse_rows(text)
    assert rows and (rows, unreadable) == parse_rows(json.dumps(json.loads(text)))
    assert rows != parse_rows(json.dumps(row))[0]


def test_a_deeply_nested_part_that_is_not_shown_does_no_harm() -> None:
    text = lines(*pair("epo_Latn", "sib200", 0.2, 0.7))
    nested = text.replace("}", ',"x":' + "[" * 300 + "]" * 300 + "}")
    assert parse_rows(nested) == parse_rows(text)


def test_keys_of_schema_2_get_their_new_names() -> None:
    row = {"language": "epo_Latn", "model": "b", "benchmark": "c", "role": "base", "value": 1}
    (parsed,), _ = parse_rows(lines({**row, "tested": "eng_Latn", "date": "2026-11-20"}))
    assert (parsed.test_language, parsed.evaluated_at) == ("eng_Latn", "2026-11-20")


def test_the_recipes_columns_are_those_of_the_first_results_and_more() -> None:
    table = parse_benchmarks(json.dumps(leaderboard_columns()))
    first = {
        (each.key, each.name, each.metric, each.direction) for each in FIRST_BENCHMARKS.benchmarks
    }
    assert first <= {
        (each.key, each.name, each.metric, each.direction) for each in table.benchmarks
    }
    assert "everyday" in table.by_key and table.titles["global_piqa"] == "Global PIQA"
    assert all(each.description and each.label for each in table.benchmarks)


@pytest.mark.parametrize(
    "changes", [[], [{"key": "<b>"}], [{"key": "about"}], [{}, {}], [{}, {"key": "again"}]]
)
def test_unusable_columns_are_refused(changes: list[dict[str, str]]) -> None:
    columns = [{**leaderboard_columns()[0], **change} for change in changes]
    with pytest.raises(ValueError):
        parse_benchmarks(json.dumps(columns))


def test_columns_that_are_nested_too_deeply_are_refused() -> None:
    columns = json.dumps(leaderboard_columns()[:1])
    deep = columns.replace("}", ',"x":' + "[" * 9_000 + "]" * 9_000 + "}")
    for text in (deep, "[" * 100_000):
        with pytest.raises(ValueError):
            parse_benchmarks(text)


CHAT = {"metric": "accuracy", "n": 50, "first": 1.0, "second": 0.9}


@pytest.mark.parametrize(
    ("more", "is_plausible"),
    [
        ({"metric": "accuracy", "value": 1.0, "p": 1.0, "difference_ci": [-1.0, 1.0]}, True),
        ({"metric": "chrF++", "value": 100.0, "difference": -100.0}, True),
        ({"metric": "COMET", "value": -0.2}, True),
        ({"metric": "accuracy", "value": 7.0}, False),
        ({"metric": "chrF++", "value": -0.1}, False),
        ({"metric": "COMET", "value": 1e308}, False),
        ({"difference": 1e308}, False),
        ({"difference_ci": [-1e308, 1e308]}, False),
        ({"difference_ci": [0.2, 0.1]}, False),
        ({"difference_ci": [None, 2]}, False),
        ({"gain_ci": [0.2, 0.1]}, False),
        ({"gain_ci": [0.1, 1e308]}, False),
        ({"english_difference": -1e308}, False),
        ({"english_difference_ci": [5.0, 1.0]}, False),
        ({"english_difference": -0.1, "english_difference_ci": [-0.3, 0.1]}, True),
        ({"gain_ci": [0.0, 1e308]}, False),
        ({"english": "kept", "english_difference": -0.3}, True),
        ({"english": "kept", "english_difference": 1e308}, False),
        ({"english": "kept", "english_difference": None}, False),
        ({"english": "kept"}, False),
        ({"p": 5.0}, False),
        ({"n": 1e300}, False),
        ({"cost_usd": -1.0}, False),
        ({"evaluated_at": "zzz"}, False),
        ({"language": "../.."}, False),
        ({"metric": []}, False),
        ({"chat": CHAT}, True),
        ({"chat": {**CHAT, "first": 55.0}}, False),
        ({"chat": {**CHAT, "second_ci": [-0.1, 1.0]}}, False),
        ({"chat": {**CHAT, "first_ci": [0.5, 9e300]}}, False),
        ({"chat": {**CHAT, "metric": "chrF++", "first": 55.0}}, True),
    ],
)
def test_implausible_rows_are_left_out(more: dict[str, object], is_plausible: bool) -> None:
    _, row = pair("epo_Latn", "sib200", 0.2, 0.7)
    rows, unreadable = parse_rows(lines({**row, **more}))
    assert (len(rows), unreadable) == ((1, 0) if is_plausible else (0, 1))
