"""Feedback from the disk to a real Hub: in batches, once, through outages and kills, and back."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import model_registry as shelf_module
import pytest
import uploader as pusher_module
from huggingface_hub import HfApi, set_client_factory
from model_registry import Settings, Shelf, patient_client
from outbox import Outbox
from uploader import TROUBLE, Pusher

from bot.localhub.testing import LocalHub

CHAT = Path(__file__).parents[3] / "spaces" / "chat"
DAY = "data/epo_Latn/2026-11-24"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    names = ("batch", "killed", "outage", "deleted", "scoped")
    with LocalHub(tmp_path_factory.mktemp("hub"), orgs={n: ["kakugo-bot"] for n in names}) as it:
        yield it


def api(hub: LocalHub, who: str = "kakugo-bot") -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token(who))


def stored(hub: LocalHub, org: str) -> list[str]:
    files = api(hub).list_repo_files(f"{org}/kakugo-feedback", repo_type="dataset")
    return sorted(path.rpartition("/")[2] for path in files if path.startswith("data/"))


def commits(hub: LocalHub, org: str) -> int:
    return len(api(hub).list_repo_commits(f"{org}/kakugo-feedback", repo_type="dataset"))


def test_what_waits_is_one_commit_in_a_private_dataset_with_its_card(
    hub: LocalHub, tmp_path: Path
) -> None:
    box = Outbox(tmp_path)
    pusher = Pusher(api(hub), "batch/kakugo-feedback", box)
    assert pusher.push() == set(), "nothing waits, so nothing is made"
    for name in "abc":
        box.put(f"{DAY}/{name}.jsonl", '{"schema": 1}\n')
    pusher.push()
    info = api(hub).dataset_info("batch/kakugo-feedback")
    assert info.private and info.card_data and info.card_data.license == "cc-by-4.0"
    assert stored(hub, "batch") == ["a.jsonl", "b.jsonl", "c.jsonl"] and box.rows(9) == {}
    before = commits(hub, "batch")
    pusher.push()
    box.put(f"{DAY}/d.jsonl", '{"schema": 1}\n')
    pusher.push()
    assert commits(hub, "batch") == before + 1


def test_a_kill_after_the_commit_doubles_nothing(hub: LocalHub, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from huggingface_hub import HfApi\n"
        "from outbox import Outbox; from uploader import Pusher\n"
        "class Dies(Outbox):\n"
        "    def added(self, paths): os.kill(os.getpid(), 9)\n"
        "box = Dies(Path(sys.argv[1])); box.put(sys.argv[2], '{}\\n')\n"
        "Pusher(HfApi(sys.argv[3], os.environ['HF_TOKEN']), sys.argv[4], box).push()"
    )
    repo = "killed/kakugo-feedback"
    command = [sys.executable, "-c", code, str(tmp_path), f"{DAY}/a.jsonl", hub.url, repo]
    env = {"HF_TOKEN": hub.token("kakugo-bot"), "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=CHAT, env=env, check=False)
    assert done.returncode == -signal.SIGKILL and stored(hub, "killed") == ["a.jsonl"]
    box, before = Outbox(tmp_path), commits(hub, "killed")
    assert len(box.rows(9)) == 1, "it waits still"
    Pusher(api(hub), repo, box).push()
    assert box.rows(9) == {} and stored(hub, "killed") == ["a.jsonl"]
    assert commits(hub, "killed") == before


def test_an_outage_keeps_everything_for_later(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Outbox(tmp_path)
    away = Pusher(HfApi("http://127.0.0.1:9", "hf_x"), "outage/kakugo-feedback", box)
    box.put(f"{DAY}/a.jsonl", "{}\n")
    box.put(f"{DAY}/b.jsonl", "{}\n")
    with pytest.raises(TROUBLE):
        away.push()
    assert away.delete(f"{DAY}/a.jsonl") == "later"
    monkeypatch.setattr(pusher_module, "BATCH", 1)
    box.put(f"{DAY}/c.jsonl", "{}\n")
    back = Pusher(api(hub), "outage/kakugo-feedback", Outbox(tmp_path))
    back.push()
    back.close()
    assert stored(hub, "outage") == ["b.jsonl", "c.jsonl"] and box.rows(9) == {}


def test_a_row_is_deleted_wherever_it_is(hub: LocalHub, tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    pusher = Pusher(api(hub), "deleted/kakugo-feedback", box)
    for name in "ab":
        box.put(f"{DAY}/{name}.jsonl", "{}\n")
    pusher.push()
    box.put(f"{DAY}/c.jsonl", "{}\n")
    assert pusher.delete(f"{DAY}/a.jsonl") == "deleted"
    assert stored(hub, "deleted") == ["b.jsonl", "c.jsonl"], "what waited went along"
    box.put(f"{DAY}/d.jsonl", "{}\n")
    assert pusher.delete(f"{DAY}/d.jsonl") == "deleted", "it had not left yet"
    assert pusher.delete(f"{DAY}/x.jsonl") == "nothing"
    assert pusher.delete(f"{DAY}/b.jsonl") == "deleted"
    assert stored(hub, "deleted") == ["c.jsonl"]
    api(hub).super_squash_history("deleted/kakugo-feedback", repo_type="dataset")
    assert commits(hub, "deleted") == 1, "and the history can be made to forget"


def test_who_may_not_write_loses_nothing(hub: LocalHub, tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    box.put(f"{DAY}/a.jsonl", "{}\n")
    with pytest.raises(TROUBLE):
        Pusher(api(hub, "bob"), "scoped/kakugo-feedback", box).push()
    assert len(box.rows(9)) == 1


def test_a_hub_that_hangs_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(shelf_module, "PATIENCE", 0.1)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        shelf = Shelf(Settings.read({"KAKUGO_ORG": "x", "HF_ENDPOINT": url}))
        box = Outbox(tmp_path)
        box.put(f"{DAY}/a.jsonl", "{}\n")
        with pytest.raises(TROUBLE):
            Pusher(shelf.api, "x/kakugo-feedback", box).push()
    monkeypatch.undo()
    set_client_factory(patient_client)  # the next test gets a client with the usual patience
    assert len(box.rows(9)) == 1
