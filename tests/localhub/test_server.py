"""The server as a process: how it starts, stops, refuses to start, and what survives a crash."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from bot.localhub.testing import LocalHub


def serve(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot.localhub.server", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def refused(done: subprocess.CompletedProcess[str], word: str) -> None:
    assert done.returncode != 0
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_it_stops_cleanly_and_goes_on_from_its_data(tmp_path: Path) -> None:
    hub = LocalHub(tmp_path).start()
    api = HfApi(endpoint=hub.url, token=hub.token("alice"))
    api.create_repo("alice/kept")
    api.upload_file(path_or_fileobj=b"x\0", path_in_repo="x.bin", repo_id="alice/kept")
    assert hub.stop() == 0
    with hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        assert api.list_repo_files("alice/kept") == [".gitattributes", "x.bin"]
        path = api.hf_hub_download("alice/kept", "x.bin", local_dir=tmp_path / "dl")
        assert Path(path).read_bytes() == b"x\0"


def test_it_says_in_one_sentence_why_it_cannot_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(serve("--data", str(tmp_path / "a"), "--port", port), "port")
    refused(serve("--data", "/proc/nothing", "--port", "0"), "data folder")
    (tmp_path / "file").write_text("")
    refused(serve("--data", str(tmp_path / "file"), "--port", "0"), "data folder")
    refused(serve("--data", str(tmp_path / "a"), "--port", "99999"), "port")
    with LocalHub(tmp_path / "b") as hub:
        refused(serve("--data", str(hub.data), "--port", "0"), "already uses")


@pytest.mark.parametrize(
    "seed",
    ["users: [", "- a", "users: {a: b}", "users: [{token: x}]", "users: [{name: a/b}]",
     "users: [{name: a, colour: red}]", "users: [{name: a, role: king}]", "what: []",
     "orgs: [{name: o, members: [nobody]}]", "users: [{name: a}]\norgs: [{name: a}]"],
)  # fmt: skip
def test_a_wrong_seed_is_refused(tmp_path: Path, seed: str) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text(seed)
    done = serve("--data", str(tmp_path / "hub"), "--port", "0", "--seed", str(file))
    assert done.returncode == 1
    assert "seed" in done.stderr and "Traceback" not in done.stderr


def test_tokens_are_not_in_the_data(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        HfApi(endpoint=hub.url, token=hub.token("alice")).create_repo("alice/x")
    kept = b"".join(p.read_bytes() for p in hub.data.rglob("*") if p.is_file())
    assert hub.token("alice").encode() not in kept


@pytest.mark.timeout(240)
def test_after_kill_9_every_acknowledged_commit_is_there_and_no_half_one(tmp_path: Path) -> None:
    """Four clients write to a Hub that is killed again and again; then the books are compared."""
    hub = LocalHub(tmp_path).start()
    HfApi(endpoint=hub.url, token=hub.token("alice")).create_repo("alice/crash")
    acknowledged: dict[str, tuple[str, bytes, bytes]] = {}
    numbers = iter(range(1_000_000))
    ending = threading.Event()

    def write() -> None:
        while not ending.is_set():
            n = next(numbers)
            small, large = f"{n}".encode(), b"\0" + os.urandom(1000)
            api = HfApi(endpoint=hub.url, token=hub.token("alice"))
            adds = [CommitOperationAdd(f"{n}.txt", small), CommitOperationAdd(f"{n}.bin", large)]
            with contextlib.suppress(Exception):
                made = api.create_commit("alice/crash", operations=adds, commit_message=f"{n}")
                acknowledged[str(n)] = (made.oid, small, large)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        threading.Event().wait(0.5)
        hub.kill()
        hub.start()
        threading.Event().wait(1)
    ending.set()
    for writer in writers:
        writer.join()
    hub.kill()
    with hub:
        audit(HfApi(endpoint=hub.url, token=hub.token("alice")), acknowledged, tmp_path)


def audit(api: HfApi, acknowledged: dict[str, tuple[str, bytes, bytes]], tmp_path: Path) -> None:
    assert len(acknowledged) > 10
    history = {c.commit_id: c.title for c in api.list_repo_commits("alice/crash")}
    root = Path(api.snapshot_download("alice/crash", local_dir=tmp_path / "audit"))
    for n, (oid, small, large) in acknowledged.items():
        assert history[oid] == n
        assert (root / f"{n}.txt").read_bytes() == small
        assert (root / f"{n}.bin").read_bytes() == large
    names = {p.name for p in root.glob("*.*") if p.suffix in (".txt", ".bin")}
    titles = set(history.values()) - {"initial commit"}
    assert names == {f"{n}.{kind}" for n in titles for kind in ("txt", "bin")}
