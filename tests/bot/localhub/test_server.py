"""The server as a process: how it starts, stops, refuses to start, and what survives a crash."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session

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
     "users: [{name: a, scoped: [x]}]", "users: [{name: api}]", "orgs: [{name: o, members: [1]}]",
     "orgs: [{name: o, private_by_default: maybe}]", "orgs: [{name: o, members: [nobody]}]",
     "users: [{name: a}]\norgs: [{name: a}]"],
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


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A test run that is killed leaves no server behind."""
    code = (
        "import pathlib, sys, time; from bot.localhub.testing import LocalHub\n"
        "hub = LocalHub(pathlib.Path(sys.argv[1])).start(); print(hub.pid, flush=True)\n"
        "time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    with starter.stdout as said:
        server = Path(f"/proc/{int(said.readline())}")
    assert server.exists()
    starter.kill()
    starter.wait()
    deadline = time.monotonic() + 15
    while server.exists():
        assert time.monotonic() < deadline, "the server outlived its starter"
        time.sleep(0.05)


def test_other_names_for_this_machine_are_not_served(hub: LocalHub, repo: str) -> None:
    """A page of another site whose name is given this machine's address learns nothing."""
    for path in ("/", f"/api/models/{repo}", "/login"):
        assert get_session().get(hub.url + path).status_code == 200
        for host in ("evil.example", f"evil.example:{hub.url.rpartition(':')[2]}", "127.0.0.2"):
            refused = get_session().get(hub.url + path, headers={"Host": host})
            assert refused.status_code == 421 and repo not in refused.text
    port = hub.url.rpartition(":")[2]
    assert get_session().get(f"{hub.url}/", headers={"Host": f"localhost:{port}"}).is_success


def own_address() -> str | None:
    """An address of this machine that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def test_where_other_machines_come_every_call_needs_a_token(tmp_path: Path) -> None:
    address = own_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has no other address")
    with LocalHub(tmp_path, host=address) as hub:
        assert hub.url.startswith(f"http://{address}:")
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        api.create_repo("alice/open")
        api.upload_file(path_or_fileobj=b"x\0", path_in_repo="x.bin", repo_id="alice/open")
        nobody = HfApi(endpoint=hub.url, token=False)
        for call in (lambda: nobody.model_info("alice/open"), lambda: [*nobody.list_models()]):
            with pytest.raises(HfHubHTTPError) as error:
                call()
            assert error.value.response.status_code == 401
        with httpx2.Client(base_url=hub.url, follow_redirects=True, trust_env=False) as http:
            assert http.get("/alice/open").status_code == 401
            form = re.search(r'name="csrf" value="(\w+)"', http.get("/login").text)
            assert form
            fields = {"csrf": form[1], "user": "alice", "next": "/alice/open"}
            for token in ("", "hf_wrong", hub.read_token("alice")):
                assert http.post("/login", data={**fields, "token": token}).status_code == 403
            page = http.post("/login", data={**fields, "token": hub.token("alice")})
            assert page.status_code == 200 and "x.bin" in http.get("/alice/open/tree/main").text
    refused(serve("--data", str(tmp_path / "a"), "--host", "0.0.0.0"), "reach this machine")
    refused(serve("--data", str(tmp_path / "a"), "--host", "no such name"), "address of this")


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
    for turn in range(1, 4):
        deadline = time.monotonic() + 60
        while len(acknowledged) < 5 * turn:
            assert time.monotonic() < deadline, "no commits arrive"
            time.sleep(0.05)
        hub.kill()
        hub.start()
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
