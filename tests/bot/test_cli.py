"""What a person sees when something is wrong: one sentence, a non-zero status, nothing started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.localhub.testing import LocalHub


def kakugo(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAKUGO_", "HF_TOKEN"))}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *args],
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], because: str) -> None:
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("kakugo: "), done.stderr
    assert because in lines[0], lines[0]
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(kakugo("hub", "serve", "--data", str(tmp_path), "--port", port), port)
        refused(kakugo("demo", "--data", str(tmp_path / "demo"), "--port", port), port)


def test_an_unwritable_folder_is_said() -> None:
    refused(kakugo("hub", "serve", "--data", "/proc/kakugo"), "/proc/kakugo")
    refused(kakugo("demo", "--data", "/proc/kakugo"), "--data")


def test_a_wrong_token_and_a_missing_hub_are_said(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_wrong", "KAKUGO_ORG": "practice"}
        done = kakugo("tick", **env)
        refused(done, "401")
        assert "hf_wrong" not in done.stdout + done.stderr
        url = hub.url
    refused(kakugo("tick", HF_ENDPOINT=url, HF_TOKEN="hf_x", KAKUGO_ORG="practice"), "cannot")


@pytest.mark.parametrize(
    ("env", "because"),
    [
        ({}, "HF_TOKEN"),
        ({"HF_TOKEN": "hf_x"}, "KAKUGO_ORG"),
        ({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "a b"}, "KAKUGO_ORG"),
        ({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "KAKUGO_LIMIT_USD": "lots"}, "KAKUGO_LIMIT_USD"),
    ],
)
def test_settings_are_checked_at_the_door(env: dict[str, str], because: str) -> None:
    refused(kakugo("tick", **env), because)


def test_language_says_what_a_name_means() -> None:
    done = kakugo("language", "gàidhlig", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "code": "gla_Latn",
        "name": "Scottish Gaelic",
        "autonym": "Gàidhlig",
        "bcp47": "gd",
    }
    done = kakugo("language", "Welhs", "--json")
    assert done.returncode == 1
    assert "cym_Latn" in json.loads(done.stdout)["candidates"]
