"""Ctrl-C ends a recipe, even one that a background shell started with SIGINT ignored."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipes.core.ignored_sigint import preexec

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("ignored", [True, False])
def test_ctrl_c_ends_a_recipe_that_waits_for_the_hub(ignored: bool, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_hub:
        silent_hub.settimeout(60)
        endpoint = f"http://127.0.0.1:{silent_hub.getsockname()[1]}"
        with subprocess.Popen(
            [sys.executable, "-m", "recipes.cli", "practice-publish", "--org", "practice"],
            cwd=ROOT,
            env={**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "HF_TOKEN": "t"},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec(ignored),
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
    assert process.returncode == 130
    assert errors == "kakugo-recipe practice-publish: Stopped; run it again to continue.\n"
