"""The speed of the local Hub: commits, snapshots, large files, listings, concurrent clients.

Run with `pytest tests/bench/test_localhub_speed.py -s`; prints the times, for large files also
relative to a copy on the disk. The bounds are generous.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import CommitInfo, CommitOperationAdd, HfApi, constants, get_session

from bot.localhub.testing import LocalHub

constants.HF_HUB_DISABLE_XET = True
REPO = "practice/bench"
GIB = 1 << 30


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path) as running:
        client(running).create_repo(REPO)
        yield running


def client(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token("alice"))


def timed(label: str, call: Callable[[], object], count: int = 1) -> float:
    """Print and return the seconds per item of a call that handles `count` items."""
    start = time.perf_counter()
    call()
    seconds = (time.perf_counter() - start) / count
    print(f"\n  {label}: {seconds * 1000:.1f} ms", end="")
    return seconds


def peak_megabytes(hub: LocalHub) -> float:
    """Return the peak memory of the server."""
    for line in Path(f"/proc/{hub.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM in /proc")


def put(api: HfApi, files: dict[str, bytes]) -> CommitInfo:
    adds = [CommitOperationAdd(path, data) for path, data in files.items()]
    return api.create_commit(REPO, operations=adds, commit_message="bench")


def test_small_commits(hub: LocalHub) -> None:
    api = client(hub)
    seconds = timed(
        "commit of one small file",
        lambda: [put(api, {f"{n}": str(n).encode()}) for n in range(50)],
        50,
    )
    assert seconds < 0.2


def test_commit_of_2000_files_and_its_snapshot(hub: LocalHub, tmp_path: Path) -> None:
    api = client(hub)
    files = {f"d{n % 20}/{n}.txt": os.urandom(100) for n in range(2000)}
    timed("one file in a commit of 2,000", lambda: put(api, files), 2000)
    target = tmp_path / "snapshot"
    seconds = timed(
        "one file in a snapshot of 2,000",
        lambda: api.snapshot_download(REPO, cache_dir=target, max_workers=8),
        2000,
    )
    assert seconds < 0.1


def test_upload_and_download_of_a_gibibyte(hub: LocalHub, tmp_path: Path) -> None:
    api = client(hub)
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        for _ in range(GIB >> 20):
            file.write(os.urandom(1 << 20))
    copy = timed("copy of 1 GiB", lambda: shutil.copy(source, tmp_path / "copy.bin"))
    up = timed(
        "upload of 1 GiB",
        lambda: api.upload_file(path_or_fileobj=source, path_in_repo="large.bin", repo_id=REPO),
    )
    down = timed(
        "download of 1 GiB",
        lambda: api.hf_hub_download(REPO, "large.bin", cache_dir=tmp_path / "cache"),
    )
    peak = peak_megabytes(hub)
    print(
        f"\n  relative to the copy: up {up / copy:.1f}, down {down / copy:.1f}; peak {peak:.0f} MB",
        end="",
    )
    assert peak < 150


def test_pages_of_10000_repos(hub: LocalHub) -> None:
    client(hub).upload_file(
        path_or_fileobj=b"---\nlicense: mit\ntags: [bench]\nlibrary_name: peft\n---\n",
        path_in_repo="README.md",
        repo_id=REPO,
    )
    hub.stop()
    with sqlite3.connect(hub.data / "hub.db") as db:
        multiply(db, 10_000)
    with hub:
        url = f"{hub.url}/api/models?limit=100&search=bench&filter=bench"
        get_session().get(url).raise_for_status()
        pages = 0
        start = time.perf_counter()
        while url:
            response = get_session().get(url)
            pages += 1
            url = response.links["next"]["url"] if "next" in response.links else ""
        seconds = (time.perf_counter() - start) / pages
        print(
            f"\n  page of 100 out of 10,000 repos: {seconds * 1000:.1f} ms ({pages} pages)", end=""
        )
        assert pages >= 100
        assert seconds < 0.1


def multiply(db: sqlite3.Connection, times: int) -> None:
    """Copy the only repo under other names."""
    for table, renamed in (("repos", True), ("refs", False), ("commits", False)):
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        key = "id" if table == "repos" else "repo_id"
        shown = [
            f"{c} || '-' || n" if c == key or (renamed and c == "name") else c for c in columns
        ]
        db.execute(
            f"WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ?)"
            f" INSERT INTO {table} SELECT {', '.join(shown)} FROM {table}, k",
            (times,),
        )


def test_100_concurrent_clients(hub: LocalHub) -> None:
    put(client(hub), {"x.txt": b"x" * 10_000})
    url = f"{hub.url}/{REPO}/resolve/main/x.txt"

    def read(_: int) -> None:
        for _ in range(10):
            get_session().get(url).raise_for_status()

    with ThreadPoolExecutor(100) as pool:
        seconds = timed(
            "one download with 100 clients", lambda: list(pool.map(read, range(100))), 1000
        )
    assert seconds < 0.1
