"""Mutants of the planner: a change of its code that no test notices shows a missing test.

Run with `pip install -e '.[mutants]'` and `pytest tests/bench/test_planner_mutants.py -s`; prints
the survivors of an even sample. `MUTANTS=3000` tries all, which takes an hour of processor.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("bot", "recipes", "tests", "docs", "constraints.txt", "README.md", "pyproject.toml")
SAMPLE = int(os.environ.get("MUTANTS", "300"))
LEAST_SHARE = 0.9
CONFIG = """
[tool.mutmut]
source_paths = ["bot"]
only_mutate = ["bot/planner/*"]
also_copy = ["recipes", "docs", "constraints.txt", "README.md", "conftest.py"]
pytest_add_cli_args = ["-p", "no:randomly", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = [
    "tests/bot/planner", "tests/scenarios/test_isolation.py", "tests/scenarios/test_improve.py"
]
"""
# mutmut stops at the first test that fails, so the slow ones come last.
SLOW_TESTS_LAST = """
SLOW = ("test_plans_keep", "test_limits_hold", "test_no_", "test_comments_of", "test_fault_of")
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name.startswith(SLOW))
"""


@pytest.mark.timeout(14_400)
def test_tests_notice_changes_of_the_planner(tmp_path: Path) -> None:
    pytest.importorskip("mutmut")
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    with (tmp_path / "pyproject.toml").open("a") as project:
        project.write(CONFIG)
    (tmp_path / "conftest.py").write_text(SLOW_TESTS_LAST)
    _mutmut(tmp_path, "run", "bot.planner.faults.*")  # writes all mutants, too
    names = sorted(_exit_codes(tmp_path))
    sample = names[:: max(1, len(names) // SAMPLE)]
    _mutmut(tmp_path, "run", *sample)
    codes = _exit_codes(tmp_path)
    survivors = [name for name in sample if codes[name] == 0]
    for name in survivors:
        print(_mutmut(tmp_path, "show", name))
    share = 1 - len(survivors) / len(sample)
    print(f"{share:.1%} of {len(sample)} mutants were caught, of {len(names)} in all")
    assert share >= LEAST_SHARE


def _exit_codes(folder: Path) -> dict[str, int | None]:
    """Return the exit code of the tests by mutant; None for one that was not tried."""
    files = sorted((folder / "mutants" / "bot" / "planner").glob("*.meta"))
    return {
        name: code
        for file in files
        for name, code in json.loads(file.read_text())["exit_code_by_key"].items()
    }


def _mutmut(folder: Path, *args: str) -> str:
    command = [sys.executable, "-m", "mutmut", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
