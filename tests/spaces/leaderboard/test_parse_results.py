"""Lines of a results file."""

from __future__ import annotations

import pytest
from parse_results import parse_rows

from tests.spaces.result_rows import lines, pair


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "{}",
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":NaN}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":Infinity}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":1e999}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":true}',
        '{"language":"a","model":"b","benchmark":"c","role":"adapter","value":"9"}',
        '{"language":"a","model":"b","benchmark":"c","role":"judge","value":1}',
        '{"language":"","model":"b","benchmark":"c","role":"base","value":1}',
        '{"language":1,"model":"b","benchmark":"c","role":"base","value":1}',
        '{"language":"a","model":"b","benchmark":"c","role":"base","value":1' + "0" * 400 + "}",
        "[" * 100_000,
    ],
)
def test_unreadable_row_is_counted_and_the_others_are_kept(line: str) -> None:
    good = lines(*pair("epo_Latn", "sib200", 0.2, 0.7))
    rows, unreadable = parse_rows(good + line + "\n\n" + good)
    assert (len(rows), unreadable) == (4, 1)


def test_keys_of_schema_2_get_their_new_names() -> None:
    row = {"language": "a", "model": "b", "benchmark": "c", "role": "base", "value": 1}
    (parsed,), _ = parse_rows(lines({**row, "tested": "eng_Latn", "date": "2026-11-20"}))
    assert (parsed["test_language"], parsed["evaluated_at"]) == ("eng_Latn", "2026-11-20")
    assert not {"tested", "date"} & set(parsed)
