"""Several processes: the same command once more, under `accelerate launch`.

One process per accelerator, as many as the job's flavor has. The files in accelerate/ are its own
configurations; nothing here may know what is trained.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from recipes.core.errors import UserError


def launched() -> bool:
    """Whether this process is one of several that a launcher started."""
    return "LOCAL_RANK" in os.environ


def command(config: str, processes: int, arguments: list[str]) -> list[str]:
    """The argv that runs `kakugo-recipe` with these arguments in so many processes."""
    folder = Path(__file__).with_name("accelerate")
    path = folder / f"{config}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise UserError(f"`train.launch` is {config!r}; there are: {known}.")
    return [
        *(sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path)),
        *("--num_processes", str(processes), "--module", "recipes.cli", *arguments),
    ]


def relaunch(config: str, processes: int) -> NoReturn:
    """Become the launcher of this very command: no process is left that waits for it."""
    argv = command(config, processes, sys.argv[1:])
    sys.stdout.flush()
    os.execv(argv[0], argv)
