"""What the bot may load, and how much memory that takes."""

from __future__ import annotations

import subprocess
import sys


def test_the_bot_needs_little_memory() -> None:
    """`kakugo serve` needs less than 200 MB for its imports, and no model library."""
    script = r"""
import re, sys
from pathlib import Path
import bot.cli, bot.controller.serve, bot.controller.tick, bot.operations.deploy
from bot.language import find
find("Esperanto")
heavy = {"torch", "transformers", "datasets", "gradio", "peft", "trl", "numpy"} & set(sys.modules)
assert not heavy, heavy
# Not ru_maxrss, which a forked process inherits.
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(process.stdout) < 200


def test_help_imports_no_large_library() -> None:
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
