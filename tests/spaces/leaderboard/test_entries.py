"""Entries of the leaderboard from result rows and requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from details import parse_measures
from entries import Entry, Score, build_leaderboard, newest
from export import as_json
from parse_results import parse_rows
from request_queue import parse_requests

from recipes.promote.run import earlier_versions
from tests.spaces.result_rows import lines, pair, request

OLD_SCHEMAS = Path(__file__).parents[2] / "data" / "old_schemas"


def test_rows_of_base_and_adapter_become_an_entry_with_its_request() -> None:
    text = lines(
        *pair("epo_Latn", "flores", 10.0, 50.0),
        *pair("epo_Latn", "flores", 20.0, 60.0, direction="epo_Latn-eng_Latn"),
        *pair("epo_Latn", "sib200", 0.2, 0.7),
    )
    requests = parse_requests([request(1, "epo_Latn", "Esperanto")])
    (entry,) = build_leaderboard([text], requests).entries
    assert (entry.title, entry.code, entry.discussion) == ("Esperanto", "epo_Latn", 1)
    assert entry.language.script_name == "Latin"
    assert entry.cost_usd == 2.0, "the cost of the whole request, not of its last step"
    assert entry.practice and entry.date == "2026-11-20"
    assert set(entry.scores) == {"into", "out", "topic"}
    assert (entry.scores["into"].base, entry.scores["into"].adapter) == (10.0, 50.0)
    assert entry.scores["topic"].outcome == "gain"
    assert entry.gain == pytest.approx((40 + 40 + 50) / 3)
    assert json.loads(json.dumps(as_json(entry)))["scores"]["out"]["difference"] == 40.0


def test_tests_that_share_their_sentences_count_once_in_the_gain() -> None:
    related = [
        *pair("epo_Latn", "flores", 10.0, 50.0),
        *pair("epo_Latn", "sib200", 0.2, 0.7),
        *pair("epo_Latn", "belebele", 0.2, 0.8),
    ]
    knowledge = pair("epo_Latn", "global_mmlu", 0.3, 0.2)
    (entry,) = build_leaderboard([lines(*related, *knowledge)], []).entries
    assert entry.gain == pytest.approx(((40 + 50 + 60) / 3 - 10) / 2)


def test_rank_orders_entries_by_gain_practice_runs_apart() -> None:
    gains = {"epo_Latn": 0.3, "gla_Latn": 0.5, "cym_Latn": 0.3, "bre_Latn": 0.1}
    results = [
        lines(*pair(code, "sib200", 0.2, 0.2 + gain, practice=False))
        for code, gain in gains.items()
    ]
    untested = [lines(pair("hau_Latn", "sib200", 0.2, 0.3, difference=None)[1])]
    practice = [lines(*pair("yor_Latn", "sib200", 0.1, 0.9))]
    entries = build_leaderboard(results + untested + practice, []).entries
    ranks = {entry.code: entry.rank for entry in entries}
    assert ranks == {"gla_Latn": 1, "epo_Latn": 2, "cym_Latn": 2, "bre_Latn": 4,
                     "hau_Latn": 0, "yor_Latn": 1}  # fmt: skip
    by_code = {entry.code: as_json(entry)["rank"] for entry in entries}
    assert by_code["bre_Latn"] == 4 and by_code["hau_Latn"] is None


def test_results_and_ledger_of_schema_2_are_read() -> None:
    results = (OLD_SCHEMAS / "results" / "results.jsonl").read_bytes()
    sheet = (OLD_SCHEMAS / "ledger" / "sheets" / "00000.jsonl").read_text(encoding="utf-8")
    leaderboard = build_leaderboard([results], parse_requests([sheet]))
    assert leaderboard.unreadable_rows == 0
    (entry,) = leaderboard.entries
    assert (entry.code, entry.title, entry.date) == ("epo_Latn", "Esperanto", "2026-11-30")
    assert set(entry.scores) == {"into", "out", "topic", "reading"}
    assert entry.discussion == 1 and entry.cost_usd == pytest.approx(0.001271)


def test_missing_keys_leave_gaps() -> None:
    row = {"language": "epo_Latn", "model": "o/m", "role": "adapter", "benchmark": "belebele"}
    text = lines({**row, "metric": "accuracy", "value": 0.5})
    (entry,) = build_leaderboard([text], []).entries
    assert entry.scores["reading"] == Score(adapter=0.5, scale=100, family="FLORES")
    assert entry.scores["reading"].outcome == "untested"
    assert entry.gain is None and entry.cost_usd is None
    assert entry.practice, "a row that does not say so must not pass for a real result"
    assert entry.title == "Esperanto", "the table of languages knows a name that no request has"


def test_insignificant_difference_is_not_a_gain() -> None:
    outcomes = [
        Score(difference=difference, significant=significant).outcome
        for difference, significant in (
            (1.0, True),
            (-1.0, True),
            (1.0, False),
            (None, True),
            (1.0, None),
        )
    ]
    assert outcomes == ["gain", "loss", "unclear", "untested", "untested"]


def test_peers_english_and_uncovered_tests_are_neither_shown_nor_unreadable() -> None:
    base, adapter = pair("epo_Latn", "sib200", 0.2, 0.7)
    others = [
        {**base, "role": "peer", "model": "o/other"},
        {**adapter, "test_language": "eng_Latn", "value": 0.9},
        {**adapter, "benchmark": "belebele", "covered": False, "value": None},
    ]
    text = lines(base, {**adapter, "test_language": "epo_Latn"}, *others)
    leaderboard = build_leaderboard([text], [])
    assert leaderboard.unreadable_rows == 0
    scores = leaderboard.entries[0].scores
    assert {key: score.adapter for key, score in scores.items()} == {"topic": 0.7}


def test_degenerate_answers_and_peers_are_counted() -> None:
    base, adapter = pair("epo_Latn", "flores", 10.0, 20.0, degenerate={"any": 7, "loop": 7})
    peer = {**base, "role": "peer", "model": "o/other"}
    text = lines(base, adapter, peer, {**peer, "model": "o/more"})
    (entry,) = build_leaderboard([text], []).entries
    assert entry.scores["into"].degenerate == 7 and entry.peers == 2


# Failed before: the promoted version's rows replaced those of the first one.
def test_an_earlier_version_stays_beside_the_promoted_one() -> None:
    def rows(version: str, adapter: float) -> list[dict[str, Any]]:
        return pair("epo_Latn", "flores", 10.0, adapter, version=version, revision=version)

    text = lines(*rows("v2", 40.0), *earlier_versions(rows("v1", 50.0), "v1", "v2"))
    entries = build_leaderboard([text], []).entries
    found = {(e.version, e.version_count, e.scores["into"].adapter, e.gain) for e in entries}
    assert found == {(1, 2, 50.0, 40.0), (2, 2, 40.0, 30.0)}
    assert newest(entries).version == 2
    (measure,) = parse_measures(parse_rows(text)[0])
    assert [score.version for score in measure.scores] == ["v2", "v2", "v1"]


def test_versions_of_an_adapter_are_entries_of_their_own_and_the_oldest_is_the_first() -> None:
    base, new = pair("epo_Latn", "sib200", 0.2, 0.7, revision="b" * 40)
    old = {**new, "revision": "a" * 40, "value": 0.5, "evaluated_at": "2026-10-01"}
    parameters = {base["model"]: 3_200_000_000}
    entries: tuple[Entry, ...] = build_leaderboard([lines(base, new, old)], [], parameters).entries
    scores = {(e.version, e.version_count): e.scores["topic"].adapter for e in entries}
    assert scores == {(1, 2): 0.5, (2, 2): 0.7}
    assert {entry.parameters for entry in entries} == {3_200_000_000}
