"""Run a Space's `app.py` in a folder of its own, as the Hub does, and wait for what it shows."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub

CHROMIUM_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SPACES = Path(__file__).parents[2] / "spaces"
TIMEOUT_SECONDS = 120  # the first answer of a chat imports torch
RUN_APP = "import runpy; runpy.run_path('app.py', run_name='__main__')"


def run_space(
    name: str,
    hub: LocalHub,
    org: str,
    folder: Path,
    constants: Mapping[str, float] | None = None,
) -> Iterator[str]:
    """Run a Space with the environment that the Hub gives it; yield its address.

    `constants` replaces waiting times and limits: `{"module.NAME": value}`.
    """
    for part in (name, f"{name}/common"):
        source = SPACES / part.removeprefix(f"{name}/")
        shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("*cache*"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "cache"),
        "SPACE_ID": f"{org}/kakugo",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "HF_TOKEN": "",
    }
    replaced = [
        f"import {name.partition('.')[0]}; {name} = {value}"
        for name, value in (constants or {}).items()
    ]
    code = "\n".join([*replaced, RUN_APP])
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder / name, env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _is_up(url) or process.poll() is not None, f"{name} to answer")
        assert process.poll() is None, f"{name} ended before it answered"
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def restart_space(api: HfApi, name: str) -> str:
    """Run a Space of the local Hub; return its address, of another site than the Hub's."""
    api.restart_space(name)
    runtime = api.wait_for_space(name, timeout=TIMEOUT_SECONDS, poll_interval=0.05)
    assert runtime.stage == "RUNNING", runtime.raw
    return f"http://{runtime.raw['domains'][0]['domain']}".replace("127.0.0.1", "localhost")


def check_refusals(url: str) -> None:
    """Check that a Space takes no file, and that no page number is an error."""
    upload = urllib.request.Request(f"{url}/gradio_api/upload?upload_id=1", b"x" * 100)
    try:
        urllib.request.urlopen(upload)
    except urllib.error.HTTPError as error:
        assert error.code == 413
        assert error.headers["Content-Security-Policy"]
    else:
        raise AssertionError("the upload was accepted")
    for query in ("?page=2", "?p=2", "?page=nonsense&language=x"):
        with urllib.request.urlopen(f"{url}/{query}") as response:
            assert response.status == 200


def wait_for(condition: Callable[[], bool], description: str) -> None:
    """Poll until the condition holds; fail after `TIMEOUT_SECONDS`."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {description}"
        time.sleep(0.1)
