"""SIGINT ends every kind of command, even if a background shell started it with SIGINT ignored.

This is the harder case: the same handler hears a SIGINT that was not ignored.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.recipes.core.ignored_sigint import preexec

ROOT = Path(__file__).parents[2]


def test_sigint_ends_a_tick_that_waits_for_the_hub(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_hub:
        silent_hub.settimeout(60)
        variables = {
            "HF_ENDPOINT": f"http://127.0.0.1:{silent_hub.getsockname()[1]}",
            "HF_HOME": str(tmp_path),
            "HF_TOKEN": "hf_x",
            "KAKUGO_ORG": "practice",
        }
        with subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "tick"],
            cwd=ROOT,
            env={**os.environ, **variables},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec(True),
        ) as process:
            connection, _ = silent_hub.accept()
            with connection:
                connection.settimeout(60)
                assert connection.recv(1), "it has asked, so it waits and does not import"
                process.send_signal(signal.SIGINT)
                try:
                    _, errors = process.communicate(timeout=30)
                finally:
                    process.kill()
    assert process.returncode not in (0, -signal.SIGKILL)
    assert "Traceback" not in errors


def test_sigint_ends_the_local_hub(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "hub", "serve", "--data", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec(True),
    ) as process:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode != -signal.SIGKILL
    assert "Traceback" not in errors
