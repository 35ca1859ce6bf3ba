"""A recipe's command, run next to this interpreter as a Job of the Hub would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.settings import Settings


def run(
    command: Sequence[str], settings: Settings, quiet: bool
) -> subprocess.CompletedProcess[str]:
    """Run argv to its end, the token in the environment; `quiet` keeps what it says for the caller,
    otherwise it speaks for itself."""
    program = Path(sys.executable).parent / command[0]
    env = {**os.environ, "HF_ENDPOINT": settings.endpoint, "HF_TOKEN": settings.token}
    argv = [str(program), *command[1:]]
    return subprocess.run(argv, env=env, capture_output=quiet, text=True, check=False)
