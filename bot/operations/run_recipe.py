"""Run a recipe's command line in a process on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(
    command: Sequence[str], capture: bool, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that is installed next to this interpreter, with more variables.

    `capture` collects the output in the result; otherwise it goes to the terminal.
    """
    program = Path(sys.executable).parent / command[0]
    env = {**os.environ, **(variables or {})}
    argv = [str(program), *command[1:]]
    return subprocess.run(argv, env=env, capture_output=capture, text=True, check=False)
