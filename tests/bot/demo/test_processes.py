"""The demo's processes end with it, and the next demo starts at once."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.demo.processes import ProcessError, Processes

START = """
import sys, time
from pathlib import Path
from bot.demo.processes import Processes
data = Path(sys.argv[1])
with Processes(data) as processes:
    print(processes.start_hub(0, data / "hub", data / "seed.yaml"), flush=True)
    time.sleep(100)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_next_demo_starts_at_once_after_one_was_killed(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("users: [{name: ada, token: hf_0123456789}]\n")
    killed = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout
    with killed.stdout as output:
        port = int(output.readline().rpartition(":")[2])
        killed.kill()  # as the out-of-memory killer does it: nothing is cleaned up
    killed.wait()
    started_at = time.monotonic()
    with Processes(tmp_path) as processes:
        url = processes.start_hub(port, tmp_path / "hub", tmp_path / "seed.yaml")
        assert url.endswith(f":{port}") and time.monotonic() - started_at < 20


def test_error_of_a_process_is_its_own_and_not_its_last_line(tmp_path: Path) -> None:
    with (
        Processes(tmp_path) as processes,
        pytest.raises(ProcessError, match="Cannot read the seed"),
    ):
        processes.start_hub(0, tmp_path / "hub", tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("log", "error"),
    [
        ("kakugo: cannot listen on 127.0.0.1:1\nr1: evaluate running\n", "cannot listen on"),
        ("Traceback\nValueError: x\n", "ValueError: x"),
        ("", "its log is empty"),
    ],
)
def test_last_words_are_the_error(tmp_path: Path, log: str, error: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "bot.log").write_text(log)
    with Processes(tmp_path) as processes:
        processes._running["bot"] = subprocess.Popen(["true"])
        processes._running["bot"].wait()
        with pytest.raises(ProcessError, match=error):
            processes.check()
