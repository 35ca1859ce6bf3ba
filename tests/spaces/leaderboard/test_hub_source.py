"""What the leaderboard reads from a real Hub: new commits, unreadable files, nothing, no Hub."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_source import LOADING, UNREACHABLE, HubSource
from leaderboard_settings import LeaderboardSettings
from query import View
from table_html import status_bar

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import hub_api, push
from tests.spaces.result_rows import lines, pair, request

pytestmark = pytest.mark.xdist_group("hub-source")  # one Hub for all of them

LEDGER = {"sheets/00000.jsonl": request(1, "epo_Latn", "Esperanto").encode() + b"\n"}
ROWS = lines(*pair("epo_Latn", "sib200", 0.2, 0.7)).encode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(
        tmp_path_factory.mktemp("hub"), orgs={"changing": ["kakugo-bot"], "columns": ["kakugo-bot"]}
    ) as running:
        yield running


def hub_source(endpoint: str, org: str = "practice") -> HubSource:
    env = {"HF_ENDPOINT": endpoint, "KAKUGO_ORG": org}
    return HubSource(LeaderboardSettings.read(env))


def test_only_changes_are_read_and_unreadable_rows_are_left_out(hub: LocalHub) -> None:
    source, api = hub_source(hub.url, "changing"), hub_api(hub)
    source.refresh()
    assert source.snapshot().leaderboard.entries == () and source.snapshot().problem == ""

    path = "epo_Latn/kakugo-practice-base-epo_Latn/results.jsonl"
    push(api, "changing/kakugo-results", {path: ROWS + b"broken\n", "results.jsonl": b"{"})
    push(api, "changing/kakugo-requests", LEDGER)
    source.refresh()
    first = source.snapshot()
    assert [entry.title for entry in first.leaderboard.entries] == ["Esperanto"]
    assert first.leaderboard.unreadable_rows == 1 and first.problem == ""

    source.refresh()
    assert source.snapshot().leaderboard is first.leaderboard, "without a commit nothing is read"

    other = lines(*pair("gla_Latn", "sib200", 0.2, 0.3)).encode() + b"\xff\xfe"
    push(api, "changing/kakugo-results", {"gla_Latn/x/results.jsonl": other})
    source.refresh()
    codes = {entry.code for entry in source.snapshot().leaderboard.entries}
    assert codes == {"epo_Latn", "gla_Latn"}


def test_columns_come_from_the_results(hub: LocalHub) -> None:
    source, api = hub_source(hub.url, "columns"), hub_api(hub)
    rows = lines(*pair("epo_Latn", "riddles", 0.2, 0.7)).encode()
    push(api, "columns/kakugo-results", {"epo_Latn/x/results.jsonl": rows})
    source.refresh()
    assert source.snapshot().leaderboard.entries[0].scores == {}
    column = {
        **dict.fromkeys(("key", "benchmark"), "riddles"),
        **dict.fromkeys(("label", "title", "description"), "Riddles"),
        "metric": "accuracy",
    }
    for columns, keys, unreadable in (
        (json.dumps([column]), ["riddles"], ()),
        ("broken", [], ("benchmarks.json",)),
    ):
        push(api, "columns/kakugo-results", {"benchmarks.json": columns.encode()})
        source.refresh()
        leaderboard = source.snapshot().leaderboard
        assert list(leaderboard.entries[0].scores) == keys
        assert leaderboard.unreadable_files == unreadable
        bar = status_bar(source.snapshot().index.select(View()), leaderboard, "")
        assert ("1 unreadable file left out (benchmarks.json)" in bar) == bool(unreadable)


def test_unreachable_hub_keeps_the_old_leaderboard_with_a_sentence(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        push(hub_api(hub), "practice/kakugo-results", {"epo_Latn/x/results.jsonl": ROWS})
        source = hub_source(hub.url)
        source.refresh()
    source.refresh()
    snapshot = source.snapshot()
    assert len(snapshot.leaderboard.entries) == 1 and snapshot.problem == UNREACHABLE


def test_thread_reads_the_hub_after_the_start(hub: LocalHub) -> None:
    source = hub_source(hub.url, "alice")
    assert source.snapshot().problem == LOADING
    source.start()
    deadline = time.monotonic() + 10
    while source.snapshot().problem:
        assert time.monotonic() < deadline, source.snapshot().problem
        time.sleep(0.05)
