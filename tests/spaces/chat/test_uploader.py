"""Uploading feedback to a real Hub: in batches, once, after outages and kills; and deleting it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import model_registry as registry_module
import pytest
import uploader as uploader_module
from chat_settings import ChatSettings
from common.hub_errors import HUB_ERRORS
from huggingface_hub import HfApi, set_client_factory
from model_registry import ModelRegistry, http_client
from outbox import Outbox
from uploader import Uploader, interval_after

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import hub_api

pytestmark = pytest.mark.xdist_group("uploader")  # one Hub for all of them

SPACES = Path(__file__).parents[3] / "spaces"
DAY = "data/epo_Latn/2026-11-24"
DECISIONS = "data/epo_Latn/decisions"
ROW = '{"schema": 1}\n'


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {n: ["kakugo-bot"] for n in ("batch", "killed", "outage", "deleted", "forbidden")}
    with LocalHub(tmp_path_factory.mktemp("hub"), orgs=orgs) as running:
        yield running


def stored(hub: LocalHub, org: str) -> list[str]:
    files = hub_api(hub).list_repo_files(f"{org}/kakugo-feedback", repo_type="dataset")
    return sorted(path.rpartition("/")[2] for path in files if path.startswith("data/"))


def commit_count(hub: LocalHub, org: str) -> int:
    commits = hub_api(hub).list_repo_commits(f"{org}/kakugo-feedback", repo_type="dataset")
    return len(commits)


def test_batch_is_one_commit_in_a_private_dataset_with_a_card(
    hub: LocalHub, tmp_path: Path
) -> None:
    outbox = Outbox(tmp_path)
    uploader = Uploader(hub_api(hub), "batch/kakugo-feedback", outbox)
    assert uploader.upload() == set(), "an empty outbox creates nothing"
    for name in "abc":
        outbox.add(f"{DAY}/{name}.jsonl", ROW)
    uploader.upload()
    info = hub_api(hub).dataset_info("batch/kakugo-feedback")
    assert info.private and info.card_data and info.card_data.license == "cc-by-4.0"
    assert stored(hub, "batch") == ["a.jsonl", "b.jsonl", "c.jsonl"] and outbox.rows(9) == {}
    before = commit_count(hub, "batch")
    uploader.upload()
    outbox.add(f"{DAY}/d.jsonl", ROW)
    uploader.upload()
    assert commit_count(hub, "batch") == before + 1


def test_what_comes_is_uploaded_at_once_within_the_hubs_limit_of_an_hour() -> None:
    """A Space has no disk: a crash loses what is not uploaded."""
    moment, uploads = 0.0, list[float]()
    while moment < 24 * 3600:
        uploads = [each for each in (*uploads, moment) if moment - each < 3600]
        assert len(uploads) <= 110
        moment += interval_after(len(uploads))
    assert interval_after(1) <= 2, "a person alone waits for nothing"


def test_kill_after_the_commit_duplicates_nothing(hub: LocalHub, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "sys.path.append('..')\n"
        "from huggingface_hub import HfApi\n"
        "from outbox import Outbox; from uploader import Uploader\n"
        "class KilledOutbox(Outbox):\n"
        "    def forget_rows(self, paths): os.kill(os.getpid(), 9)\n"
        "outbox = KilledOutbox(Path(sys.argv[1])); outbox.add(sys.argv[2], '{}\\n')\n"
        "Uploader(HfApi(sys.argv[3], os.environ['HF_TOKEN']), sys.argv[4], outbox).upload()"
    )
    repo = "killed/kakugo-feedback"
    command = [sys.executable, "-c", code, str(tmp_path), f"{DAY}/a.jsonl", hub.url, repo]
    env = {"HF_TOKEN": hub.token("kakugo-bot"), "HF_HOME": str(tmp_path / "home")}
    finished = subprocess.run(command, cwd=SPACES / "chat", env=env, check=False)
    assert finished.returncode == -signal.SIGKILL and stored(hub, "killed") == ["a.jsonl"]
    outbox, before = Outbox(tmp_path), commit_count(hub, "killed")
    assert len(outbox.rows(9)) == 1, "the outbox still has the row"
    Uploader(hub_api(hub), repo, outbox).upload()
    assert outbox.rows(9) == {} and stored(hub, "killed") == ["a.jsonl"]
    assert commit_count(hub, "killed") == before


def test_outage_keeps_everything_for_later(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path)
    api = HfApi("http://127.0.0.1:9", "hf_x")
    unreachable = Uploader(api, "outage/kakugo-feedback", outbox)
    outbox.add(f"{DAY}/a.jsonl", "{}\n")
    outbox.add(f"{DAY}/b.jsonl", "{}\n")
    with pytest.raises(HUB_ERRORS):
        unreachable.upload()
    assert unreachable.delete(f"{DAY}/a.jsonl", f"{DECISIONS}/a.jsonl") == "pending"
    monkeypatch.setattr(uploader_module, "BATCH_SIZE", 1)
    outbox.add(f"{DAY}/c.jsonl", "{}\n")
    reachable = Uploader(hub_api(hub), "outage/kakugo-feedback", Outbox(tmp_path))
    reachable.upload()
    reachable.close()
    assert stored(hub, "outage") == ["b.jsonl", "c.jsonl"] and outbox.rows(9) == {}


def test_row_is_deleted_here_and_on_the_hub(hub: LocalHub, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    uploader = Uploader(hub_api(hub), "deleted/kakugo-feedback", outbox)
    for name in "ab":
        outbox.add(f"{DAY}/{name}.jsonl", "{}\n")
    uploader.upload()
    outbox.add(f"{DAY}/c.jsonl", "{}\n")
    assert uploader.delete(f"{DAY}/a.jsonl", f"{DECISIONS}/a.jsonl") == "deleted"
    assert stored(hub, "deleted") == ["b.jsonl", "c.jsonl"], "waiting rows were uploaded with it"
    outbox.add(f"{DAY}/d.jsonl", "{}\n")
    assert uploader.delete(f"{DAY}/d.jsonl", f"{DECISIONS}/d.jsonl") == "deleted", (
        "it was not uploaded yet"
    )
    assert uploader.delete(f"{DAY}/x.jsonl", f"{DECISIONS}/x.jsonl") == "not_found"
    assert uploader.delete(f"{DAY}/b.jsonl", f"{DECISIONS}/b.jsonl") == "deleted"
    assert stored(hub, "deleted") == ["c.jsonl"]
    hub_api(hub).super_squash_history("deleted/kakugo-feedback", repo_type="dataset")
    assert commit_count(hub, "deleted") == 1, "squashing removes it from the history"


def test_token_without_write_access_loses_nothing(hub: LocalHub, tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.add(f"{DAY}/a.jsonl", "{}\n")
    with pytest.raises(HUB_ERRORS):
        Uploader(hub_api(hub, "bob"), "forbidden/kakugo-feedback", outbox).upload()
    assert len(outbox.rows(9)) == 1


def test_hub_that_does_not_answer_counts_as_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(registry_module, "TIMEOUT_SECONDS", 0.1)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        registry = ModelRegistry(ChatSettings.read({"KAKUGO_ORG": "x", "HF_ENDPOINT": url}))
        outbox = Outbox(tmp_path)
        outbox.add(f"{DAY}/a.jsonl", "{}\n")
        with pytest.raises(HUB_ERRORS):
            Uploader(registry.api, "x/kakugo-feedback", outbox).upload()
    monkeypatch.undo()
    set_client_factory(http_client)  # give the next test a client with the usual timeout
    assert len(outbox.rows(9)) == 1
