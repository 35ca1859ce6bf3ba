"""What the chat finds on a real Hub: adapters, their exports, questions; or nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest
from adapters import Export
from huggingface_hub import CommitOperationAdd, HfApi
from model_registry import Settings, Shelf
from pyarrow import parquet

from bot.localhub.testing import LocalHub

CARD = b"---\nbase_model: practice/base\n---\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {name: ["kakugo-bot"] for name in ("shelf", "broken")}
    with LocalHub(tmp_path_factory.mktemp("hub"), orgs=orgs) as running:
        yield running


def push(hub: LocalHub, repo: str, files: dict[str, bytes], kind: str = "dataset") -> None:
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo(repo, repo_type=kind, exist_ok=True)
    added = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, added, commit_message="Add", repo_type=kind)


def look(hub: LocalHub, org: str) -> Shelf:
    shelf = Shelf(Settings.read({"HF_ENDPOINT": hub.url, "KAKUGO_ORG": org}))
    shelf.refresh()
    return shelf


def questions(*asked: str) -> bytes:
    """A parquet file with one conversation a row."""
    rows = [[{"role": "user", "content": text}] for text in asked]
    made = io.BytesIO()
    parquet.write_table(pyarrow.table({"messages": rows}), made)
    return made.getvalue()


def test_the_environment_is_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="KAKUGO_ORG"):
        Settings.read({})
    with pytest.raises(SystemExit, match="PORT must be a number"):
        Settings.read({"KAKUGO_ORG": "x", "PORT": "http"})
    read = Settings.read({"SPACE_ID": "org/x", "PORT": "7", "KAKUGO_OUTBOX": str(tmp_path)})
    assert (read.org, read.port, read.token, read.outbox) == ("org", 7, None, tmp_path)


def test_nothing_there_is_no_trouble(hub: LocalHub) -> None:
    shelf = look(hub, "bob")
    assert shelf.adapters == () and not shelf.problem and shelf.find("") is None


def test_the_shelf_reads_cards_exports_and_held_out_rows(hub: LocalHub) -> None:
    push(hub, "shelf/kakugo-base-epo_Latn", {"README.md": CARD}, "model")
    push(hub, "shelf/kakugo-base-epo_Latn-merged", {"m.gguf": b"GGUF" * 9}, "model")
    push(hub, "shelf/kakugo-other-epo_Latn", {"README.md": CARD}, "model")
    plain = {"README.md": b"---\nlicense: mit\n---\n"}
    push(hub, "shelf/kakugo-base-sdh_Arab", plain, "model")
    data = {"data/train-0.parquet": questions("train"), "data/test-0.parquet": questions("Kiu?")}
    push(hub, "shelf/kakugo-epo_Latn", data)
    shelf = look(hub, "shelf")
    assert [one.repo for one in shelf.speaking("epo_Latn")] == [
        "shelf/kakugo-base-epo_Latn",
        "shelf/kakugo-other-epo_Latn",
    ]
    assert [one.label for one in shelf.languages()] == ["Esperanto"]
    one = shelf.find("shelf/kakugo-base-epo_Latn")
    assert one and shelf.examples(one) == ["Kiu?"]
    assert one.export == Export("shelf/kakugo-base-epo_Latn-merged", "m.gguf", 36)


def test_rows_that_cannot_be_read_give_no_example(hub: LocalHub) -> None:
    push(hub, "broken/kakugo-base-gla_Latn", {"README.md": CARD}, "model")
    push(hub, "broken/kakugo-gla_Latn", {"data/test-0.parquet": b"PAR1 no parquet PAR1"})
    shelf = look(hub, "broken")
    (one,) = shelf.speaking("gla_Latn")
    assert shelf.examples(one) == []
