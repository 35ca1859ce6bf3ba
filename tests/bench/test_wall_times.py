"""How long the demo and all tests take on this machine, in seconds of wall-clock time.

Run with `make bench ARGS=tests/bench/test_wall_times.py`, while the machine does nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench import baselines

ROOT = Path(__file__).parents[2]
DEMO, TESTS = "demo, a complete practice request", "all tests, on two cores"

pytestmark = pytest.mark.timeout(3600)


def test_demo_from_nothing(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    options = ("--data", str(tmp_path / "demo"), "--json", str(result))
    subprocess.run([sys.executable, "-m", "bot.cli", "demo", *options], cwd=ROOT, check=True)
    baselines.compare(DEMO, json.loads(result.read_text(encoding="utf-8"))["seconds"]["total"])


def test_all_tests() -> None:
    started_at = time.perf_counter()
    subprocess.run(["make", "pytest"], cwd=ROOT, check=True)
    baselines.compare(TESTS, time.perf_counter() - started_at)
