"""What the leaderboard sees of a real Hub: moved heads, broken files, nothing, no Hub at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_source import Settings, Source
from huggingface_hub import CommitOperationAdd, HfApi
from space_rows import lines, pair, request

from bot.localhub.testing import LocalHub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {name: ["kakugo-bot"] for name in ("moving",)}
    with LocalHub(tmp_path_factory.mktemp("hub"), orgs=orgs) as running:
        yield running


LEDGER = {"sheets/00000.jsonl": request(1, "epo_Latn", "Esperanto").encode() + b"\n"}


def push(hub: LocalHub, repo: str, files: dict[str, bytes], kind: str = "dataset") -> None:
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo(repo, repo_type=kind, exist_ok=True)
    added = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, added, commit_message="Add", repo_type=kind)


def settings(endpoint: str, org: str = "practice") -> Settings:
    return Settings.read({"HF_ENDPOINT": endpoint, "KAKUGO_ORG": org})


def test_reads_only_what_moved_and_leaves_out_what_is_broken(hub: LocalHub) -> None:
    looked = Source(settings(hub.url, "moving"))
    looked.refresh()
    assert looked.see().board.entries == () and looked.see().problem == ""

    row = lines(*pair("epo_Latn", "sib200", 0.2, 0.7))
    path = "epo_Latn/kakugo-practice-base-epo_Latn/results.jsonl"
    push(hub, "moving/kakugo-results", {path: (row + "broken\n").encode(), "results.jsonl": b"{"})
    push(hub, "moving/kakugo-requests", LEDGER)
    looked.refresh()
    first = looked.see()
    assert [one.title for one in first.board.entries] == ["Esperanto"]
    assert first.board.broken == 1 and first.problem == ""

    looked.refresh()
    assert looked.see().board is first.board, "nothing moved, so nothing was read"

    other = lines(*pair("gla_Latn", "sib200", 0.2, 0.3)).encode() + b"\xff\xfe"
    push(hub, "moving/kakugo-results", {"gla_Latn/x/results.jsonl": other})
    looked.refresh()
    assert {one.code for one in looked.see().board.entries} == {"epo_Latn", "gla_Latn"}


def test_a_hub_that_is_gone_leaves_the_old_board_and_a_sentence(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as short:
        row = lines(*pair("epo_Latn", "sib200", 0.2, 0.7)).encode()
        push(short, "practice/kakugo-results", {"epo_Latn/x/results.jsonl": row})
        looked = Source(settings(short.url))
        looked.refresh()
    looked.refresh()
    seen = looked.see()
    assert len(seen.board.entries) == 1 and "cannot be reached" in seen.problem


def test_the_watcher_looks_by_itself(hub: LocalHub) -> None:
    looked = Source(settings(hub.url, "alice"))
    assert "being read" in looked.see().problem
    looked.start()
    for _ in range(200):
        if not looked.see().problem:
            return
        time.sleep(0.05)
    raise AssertionError(looked.see().problem)


def test_an_environment_that_says_too_little_is_refused_in_a_sentence() -> None:
    with pytest.raises(SystemExit, match="KAKUGO_ORG"):
        Settings.read({})
    with pytest.raises(SystemExit, match="PORT must be a number"):
        Settings.read({"KAKUGO_ORG": "x", "PORT": "http"})
    read = Settings.read(
        {"SPACE_ID": "org/kakugo", "GRADIO_SERVER_PORT": "7", "HF_ENDPOINT": "http://h/"}
    )
    assert (read.org, read.port, read.endpoint, read.token) == ("org", 7, "http://h", None)
