"""Training with several processes: run the same command again under `accelerate launch`.

There is one process for each accelerator of the machine. The files in `accelerate/` are configs of
accelerate. This module must not know what is trained.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn


def is_launched() -> bool:
    """Return whether a launcher started this process."""
    return "LOCAL_RANK" in os.environ


def launch_command(config: str, processes: int, arguments: list[str]) -> list[str]:
    """Return the argv that runs `kakugo-recipe` with these arguments in several processes."""
    path = Path(__file__).with_name("accelerate") / f"{config}.yaml"
    return [
        *(sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path)),
        *("--num_processes", str(processes), "--module", "recipes.cli", *arguments),
    ]


def relaunch(config: str, processes: int) -> NoReturn:
    """Replace this process with the launcher of its own command."""
    argv = launch_command(config, processes, sys.argv[1:])
    sys.stdout.flush()
    os.execv(argv[0], argv)
