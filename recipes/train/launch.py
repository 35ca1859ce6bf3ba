"""Training with several processes: run the same command again under `accelerate launch`.

There is one process for each accelerator of the machine. The files in `accelerate/` are configs of
accelerate. This module must not know what is trained.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

ELASTIC_LOGGER = "torch.distributed.elastic.multiprocessing.api"


def is_launched() -> bool:
    """Return whether a launcher started this process."""
    return "LOCAL_RANK" in os.environ


def launch_command(config: str, processes: int, arguments: list[str]) -> list[str]:
    """Return the argv that runs `kakugo-recipe` with these arguments in several processes."""
    path = Path(__file__).with_name("accelerate") / f"{config}.yaml"
    return [
        *(sys.executable, "-m", __name__, "--config_file", str(path)),
        *("--num_processes", str(processes), "--module", "recipes.cli", *arguments),
    ]


def relaunch(config: str, processes: int) -> NoReturn:
    """Replace this process with the launcher of its own command."""
    argv = launch_command(config, processes, sys.argv[1:])
    sys.stdout.flush()
    os.execv(argv[0], argv)


def main() -> int:
    """Run accelerate's launcher; return the exit status of the process that failed first.

    A process that fails says why itself. The launcher's traceback would follow, and the last lines
    of a log are all that the bot can show.
    """
    from accelerate.commands.launch import main as launch
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    logging.getLogger(ELASTIC_LOGGER).setLevel(logging.CRITICAL)
    try:
        launch()
    except ChildFailedError as error:
        return exit_status(error.get_first_failure()[1].exitcode)
    except SignalException as error:
        return exit_status(-error.sigval)
    return 0


def exit_status(exitcode: int) -> int:
    """Return the exit status for that of a process; say it if a signal ended the process (< 0)."""
    if exitcode >= 0:
        return exitcode
    name = signal.Signals(-exitcode).name
    print(f"kakugo-recipe train: A process of the training was ended by {name}.", file=sys.stderr)
    return 128 - exitcode


if __name__ == "__main__":
    sys.exit(main())
