"""Run a recipe's command line in a process on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.settings import Settings


def run(
    command: Sequence[str], settings: Settings, capture: bool
) -> subprocess.CompletedProcess[str]:
    """Run a command that is installed next to this interpreter, with the token in its environment.

    `capture` collects the output in the result; otherwise it goes to the terminal.
    """
    program = Path(sys.executable).parent / command[0]
    env = {**os.environ, "HF_ENDPOINT": settings.endpoint, "HF_TOKEN": settings.token}
    argv = [str(program), *command[1:]]
    return subprocess.run(argv, env=env, capture_output=capture, text=True, check=False)
