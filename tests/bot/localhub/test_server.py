"""The server as a process: how it starts, stops, and refuses to start."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from bot.localhub import server
from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import wait_until


def test_server_stops_cleanly_and_resumes_from_its_data(
    local_hub: LocalHub, tmp_path: Path
) -> None:
    api = HfApi(endpoint=local_hub.url, token=local_hub.token("alice"))
    api.create_repo("alice/kept")
    api.upload_file(path_or_fileobj=b"x\0", path_in_repo="x.bin", repo_id="alice/kept")
    assert local_hub.stop() == 0
    data = b"".join(path.read_bytes() for path in local_hub.data.rglob("*") if path.is_file())
    assert local_hub.token("alice").encode() not in data, "a token is stored"
    local_hub.start()
    assert api.list_repo_files("alice/kept") == [".gitattributes", "x.bin"]
    path = api.hf_hub_download("alice/kept", "x.bin", local_dir=tmp_path / "download")
    assert Path(path).read_bytes() == b"x\0"


@pytest.mark.parametrize(
    ("port", "host", "data", "reason"),
    [
        (99999, "127.0.0.1", "hub", "choose another --port"),
        (0, "0.0.0.0", "hub", "others reach this machine"),
        (0, "no such name", "hub", "an address of this machine"),
        (0, "127.0.0.1", "/proc/nothing", "data folder"),
        (0, "127.0.0.1", "file", "data folder"),
    ],
)
def test_start_error_says_what_to_do(
    tmp_path: Path, port: int, host: str, data: str, reason: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(server.StartError, match=reason):
        server.serve(port, tmp_path / data, host=host)


def test_used_port_and_data_folder_are_start_errors(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LOCK_SECONDS", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(server.StartError, match="choose another --port"):
            server.serve(listener.getsockname()[1], tmp_path / "hub")
    with pytest.raises(server.StartError, match=f"process {hub.pid}\\) already uses"):
        server.serve(0, hub.data)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only on Linux")
def test_idle_connections_keep_nobody_out(local_hub: LocalHub) -> None:
    resource.prlimit(local_hub.pid, resource.RLIMIT_NOFILE, (240, 240))
    address = ("127.0.0.1", int(local_hub.url.rpartition(":")[2]))
    with ExitStack() as idle:
        for _ in range(250):  # more than the process may open
            idle.enter_context(socket.create_connection(address))
        api = HfApi(endpoint=local_hub.url, token=local_hub.token("alice"))
        api.create_repo("alice/reached")
        assert api.repo_exists("alice/reached")


def test_process_that_cannot_start_prints_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("what: []")
    done = subprocess.run(
        [sys.executable, "-m", "bot.localhub.server", "--data", str(tmp_path / "hub"),
         "--seed", str(tmp_path / "seed.yaml")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert "seed" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
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
    with starter.stdout as output:
        process = Path(f"/proc/{int(output.readline())}")
    assert process.exists()
    starter.kill()
    starter.wait()
    wait_until(lambda: not process.exists())
