"""How a test meets a Space: a world on a local Hub, `app.py` in a clean folder, a browser."""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow
import space_models
from huggingface_hub import CommitOperationAdd, HfApi
from pyarrow import parquet
from space_rows import lines, pair, request

from bot.localhub.testing import LocalHub

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SPACES = Path(__file__).parents[2] / "spaces"
EVIL = "<img src=x onerror=alert(1)> ${7*7} {{this}}"
BASE = "practice/kakugo-practice-base"
ENDLESS = "practice/kakugo-endless-base"
PATIENCE = 60


def push(api: HfApi, repo: str, files: dict[str, bytes]) -> None:
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    added = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, added, commit_message="Add", repo_type="dataset")


def result(code: str, gain: float) -> dict[str, bytes]:
    """The results of one language."""
    back = pair(code, "flores", 20.0, 20.0 + gain, direction=f"{code}-eng_Latn")
    there = pair(code, "flores", 10.0, 10.0 + gain)
    text = lines(*there, *back, *pair(code, "sib200", 0.2, 0.2 + gain / 100))
    return {f"{code}/kakugo-practice-base-{code}/results.jsonl": text.encode()}


def questions(*asked: str) -> dict[str, bytes]:
    """Held-out rows whose questions the chat offers as examples."""
    made = io.BytesIO()
    rows = [[{"role": "user", "content": text}] for text in asked]
    parquet.write_table(pyarrow.table({"messages": rows}), made)
    return {"data/test-00000-of-00001.parquet": made.getvalue()}


def taught(*rows: tuple[str, str, str]) -> dict[str, bytes]:
    """Rows (id, question, answer) that speakers may review."""
    made = io.BytesIO()
    messages = [[{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
                for _, asked, answer in rows]  # fmt: skip
    table = pyarrow.table({"id": [row[0] for row in rows], "messages": messages})
    parquet.write_table(table, made)
    return {"topics/train.parquet": made.getvalue()}


def fill(running: LocalHub, folder: Path) -> None:
    """Push results, requests, datasets and models, hostile ones among them."""
    api = HfApi(endpoint=running.url, token=running.token("kakugo-bot"))
    push(api, "practice/kakugo-results", result("epo_Latn", 40.0) | result("xyz_Latn", 5.0))
    ledger = (
        request(1, "epo_Latn", "Esperanto"),
        request(2, "xyz_Latn", EVIL),
        request(3, "sdh_Arab", "Southern Kurdish", status="open"),
        "broken",
    )
    push(api, "practice/kakugo-requests", {"sheets/00000.jsonl": "\n".join(ledger).encode()})
    push(api, "practice/kakugo-epo_Latn", questions("saluton mondo", EVIL))
    rows = (("b2", "Kiu?", "Mi."), ("a1", "Kio?", f"Nenio. {EVIL}"), ("c3", "Kie?", "Tie."))
    push(api, "practice/kakugo-epo_Latn", taught(*rows))
    push(api, "practice/kakugo-sdh_Arab", questions("سڵاو"))
    adapters = [f"{BASE}-{code}" for code in ("epo_Latn", "sdh_Arab")]
    space_models.push(api, folder / "models", BASE, adapters)
    push(api, "practice/kakugo-gla_Latn", questions("Ciamar a tha thu?"))
    space_models.push(api, folder / "endless", ENDLESS, [f"{ENDLESS}-gla_Latn"], endless=True)
    exported = f"{BASE}-epo_Latn-merged"
    api.create_repo(exported)
    api.upload_file(path_or_fileobj=b"GGUF" * 500, path_in_repo="it.gguf", repo_id=exported)


def run_space(name: str, hub: LocalHub, org: str, folder: Path, token: str = "") -> Iterator[str]:
    """Run `app.py` in a clean folder with the environment that the Hub gives; yield its address."""
    for part in (name, f"{name}/common"):
        source = SPACES / part.removeprefix(f"{name}/")
        shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("*cache*"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "cache"),
        "SPACE_ID": f"{org}/kakugo",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "HF_TOKEN": token,
    }
    process = subprocess.Popen([sys.executable, "app.py"], cwd=folder / name, env=os.environ | own)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(url), f"{name} to answer")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_for(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.1)
