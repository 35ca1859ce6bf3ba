"""The ground rules, counted: floors, map, sizes, what the bot may load."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import bot

ROOT = Path(bot.__file__).parent.parent
LONGEST = 400


def _modules() -> set[str]:
    """The first-level modules and packages of the bot."""
    found = {path.stem for path in (ROOT / "bot").glob("*.py")} - {"__init__"}
    return found | {path.parent.name for path in (ROOT / "bot").glob("*/__init__.py")}


def test_the_map_names_every_file() -> None:
    named = set(re.findall(r"^    (\w+)  ", bot.__doc__ or "", re.MULTILINE))
    assert named == _modules()
    assert len(named) > 15


def test_the_floors_hold_every_file() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = [c for c in contracts["contracts"] if c["type"] == "layers"]
    layered = {name.strip() for layer in floors["layers"] for name in layer.split("|")}
    assert layered == _modules() - {"localhub"}
    forbidden = [c for c in contracts["contracts"] if c["type"] == "forbidden"]
    (knows_nothing,) = [c for c in forbidden if c["source_modules"] == ["bot.localhub"]]
    named = {name.removeprefix("bot.") for name in knows_nothing["forbidden_modules"]}
    assert named == _modules() - {"localhub"}


def test_no_file_is_too_long() -> None:
    files = [
        path
        for folder in ("bot", "recipes", "spaces", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert not too_long
    assert len(files) > 60


def test_the_bot_stays_light() -> None:
    """Everything that serves is imported in under 200 MB and without a model library."""
    script = r"""
import re, sys
from pathlib import Path
import bot.cli, bot.serve, bot.loop, bot.deploy
from bot.language import find
find("Esperanto")
heavy = {"torch", "transformers", "datasets", "gradio", "peft", "trl", "numpy"} & set(sys.modules)
assert not heavy, heavy
# Not ru_maxrss: that one is inherited from whoever forked this process.
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 200


def test_help_needs_nothing_heavy() -> None:
    script = """
import sys
sys.argv = ["kakugo", "--help"]
from bot.cli import main
try:
    main()
except SystemExit:
    pass
heavy = {"torch", "transformers", "datasets", "gradio", "huggingface_hub", "uvicorn"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
