"""What the bot may load, and how much memory that takes."""

from __future__ import annotations

import subprocess
import sys


def test_the_bot_stays_light() -> None:
    """Everything that serves is imported in under 200 MB and without a model library."""
    script = r"""
import re, sys
from pathlib import Path
import bot.cli, bot.controller.serve, bot.controller.tick, bot.operations.deploy
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
