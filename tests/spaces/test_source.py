"""What the Spaces see of a real Hub: moved heads, broken files, nothing there, no Hub at all."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from pyarrow import parquet
from shelf import Settings as ShelfSettings
from shelf import Shelf
from source import Settings, Source
from space_rows import lines, pair, request

from bot.localhub.testing import LocalHub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {name: ["kakugo-bot"] for name in ("moving", "shelf", "broken")}
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


@pytest.mark.parametrize("kind", [Settings, ShelfSettings])
def test_an_environment_that_says_too_little_is_refused_in_a_sentence(
    kind: type[Settings] | type[ShelfSettings],
) -> None:
    with pytest.raises(SystemExit, match="KAKUGO_ORG"):
        kind.read({})
    with pytest.raises(SystemExit, match="PORT must be a number"):
        kind.read({"KAKUGO_ORG": "x", "PORT": "http"})
    read = kind.read(
        {"SPACE_ID": "org/kakugo", "GRADIO_SERVER_PORT": "7", "HF_ENDPOINT": "http://h/"}
    )
    assert (read.org, read.port, read.endpoint, read.token) == ("org", 7, "http://h", None)


def test_the_shelf_finds_adapters_and_questions(hub: LocalHub) -> None:
    shelf = Shelf(ShelfSettings.read({"HF_ENDPOINT": hub.url, "KAKUGO_ORG": "bob"}))
    shelf.refresh()
    assert shelf.adapters == () and shelf.problem == "" and shelf.find("") is None


def questions(*asked: str) -> bytes:
    """A parquet file with one conversation a row."""
    rows = [[{"role": "user", "content": text}] for text in asked]
    made = io.BytesIO()
    parquet.write_table(pyarrow.table({"messages": rows}), made)
    return made.getvalue()


def test_the_shelf_reads_cards_names_and_held_out_rows(hub: LocalHub) -> None:
    card = b"---\nbase_model: practice/base\n---\n"
    push(hub, "shelf/kakugo-base-epo_Latn", {"README.md": card}, "model")
    plain = {"README.md": b"---\nlicense: mit\n---\n"}
    push(hub, "shelf/kakugo-base-sdh_Arab", plain, "model")
    push(hub, "shelf/kakugo-requests", LEDGER)
    train, test = questions("train"), questions("Kiu?", "Kio?")
    data = {"data/train-0.parquet": train, "data/test-0.parquet": test}
    push(hub, "shelf/kakugo-epo_Latn", data)
    shelf = Shelf(ShelfSettings.read({"HF_ENDPOINT": hub.url, "KAKUGO_ORG": "shelf"}))
    shelf.refresh()
    assert [(one.repo, one.label) for one in shelf.adapters] == [
        ("shelf/kakugo-base-epo_Latn", "Esperanto")
    ]
    one = shelf.find("epo_Latn")
    assert one and shelf.examples(one) == ["Kiu?", "Kio?"]


def test_rows_that_cannot_be_read_give_no_example(hub: LocalHub) -> None:
    card = b"---\nbase_model: practice/base\n---\n"
    push(hub, "broken/kakugo-base-gla_Latn", {"README.md": card}, "model")
    push(hub, "broken/kakugo-gla_Latn", {"data/test-0.parquet": b"PAR1 no parquet PAR1"})
    shelf = Shelf(ShelfSettings.read({"HF_ENDPOINT": hub.url, "KAKUGO_ORG": "broken"}))
    shelf.refresh()
    one = shelf.find("gla_Latn")
    assert one and shelf.examples(one) == []
