"""What runs beside our secrets is named by a commit, a digest or one version."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from bot.domain import names, steps
from tests.bot.installation.examples import CHECKOUT

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_trusts_nothing_that_can_move(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    actions = re.findall(r"uses:\s*(\S+)", text)
    assert actions and all(re.search(r"@[0-9a-f]{40}$", action) for action in actions)
    assert "permissions: {}" in text and "pull_request_target" not in text
    assert text.count("persist-credentials: false") == sum("checkout@" in each for each in actions)
    for command in re.findall(r"run:.*", text):
        assert not re.search(r"\$\{\{ *(inputs|github|vars|secrets)", command), command
        assert "pip install" not in command or "--constraint constraints.txt" in command


def test_every_package_has_one_version() -> None:
    lines = [pin for pin in PINS if pin and not pin.startswith(("#", " "))]
    assert [line for line in lines if not re.match(r"[A-Za-z0-9_.-]+==[^*\s]+", line)] == []
    assert len(lines) > 100


def test_a_job_installs_only_files_with_known_hashes(tmp_path: Path) -> None:
    """uv is replaced by a program that writes down its arguments, and the command by another."""
    (tmp_path / "uv").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    (tmp_path / "uv").chmod(0o755)
    wheel = names.wheel_url("https://hub.example", "lab", "c0ffee", names.wheel("0.1.0"))
    hostile = "$(touch pwned); `touch pwned` '\"; touch pwned"
    command = (*steps.run_from_wheel(wheel, ("train",)), "printf", "%s", hostile)
    process = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == hostile and not (tmp_path / "pwned").exists()
    create, install = (tmp_path / "calls").read_text().splitlines()
    code = "https://hub.example/datasets/lab/kakugo-code/resolve/c0ffee"
    assert create.startswith("venv ")
    assert " --require-hashes " in install and install.endswith(
        f"--constraints {code}/job-constraints.txt --build-constraints {code}/job-constraints.txt "
        f"--find-links {code}/index.html kakugo-bot[train]==0.1.0"
    )


def test_a_failed_installation_ends_a_job(tmp_path: Path) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\ntest $1 = venv\n")
    (tmp_path / "uv").chmod(0o755)
    command = (*steps.run_from_wheel("https://h/x/kakugo_bot-1-py3-none-any.whl"), "touch", "ran")
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert subprocess.run(command, cwd=tmp_path, env={"PATH": path}, check=False).returncode
    assert not (tmp_path / "ran").exists()


def test_the_wheel_is_pushed_with_its_own_hash_and_a_page_that_links_to_it() -> None:
    files = CHECKOUT.code_files()
    sha256 = next(digest for digest in CHECKOUT.wheel.digests if len(digest) == 64)
    last = files["job-constraints.txt"].decode().splitlines()[-1]
    assert last == f"kakugo-bot==0.1.0 --hash=sha256:{sha256}"
    assert f'href="{CHECKOUT.wheel.name}"'.encode() in files["index.html"]
    assert files[CHECKOUT.wheel.name] == CHECKOUT.wheel_content
