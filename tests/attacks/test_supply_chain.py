"""What runs beside our secrets is named by a commit, a digest or one version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("line", [pin for pin in PINS if pin and not pin.startswith(("#", " "))])
def test_every_package_has_one_version(line: str) -> None:
    assert re.match(r"[A-Za-z0-9_.-]+==[^*\s]+", line), line
