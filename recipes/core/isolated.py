"""Run a function in a process of its own, so that its imports and memory are gone afterwards.

The process shares our stdout and stderr and ends when ours ends, for whatever reason.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from recipes.core.errors import UserError

P = ParamSpec("P")
T = TypeVar("T")


def run_isolated(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return or raise what `work`, a module's function, does; everything must be picklable.

    Raises UserError if the process was killed.
    """
    read_end, write_end = os.pipe()
    with (
        open(read_end, "rb") as outcome,
        subprocess.Popen(
            [sys.executable, "-m", "recipes.core.isolated", str(write_end)],
            stdin=subprocess.PIPE,
            pass_fds=[write_end],
            start_new_session=True,  # Ctrl-C goes to us alone
        ) as process,
    ):
        os.close(write_end)
        try:
            assert process.stdin
            process.stdin.write(pickle.dumps((work, args, kwargs)))
            process.stdin.flush()
            pickled = outcome.read()
        finally:
            process.kill()
    if not pickled:
        raise UserError(f"The process for {work.__name__!r} was killed. Run this again.")
    value, error = pickle.loads(pickled)
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]


def _main() -> None:
    """In the new process: run the work from stdin, write its outcome to the given descriptor."""
    work, args, kwargs = pickle.load(sys.stdin.buffer)
    Thread(target=_end_with_parent, daemon=True).start()
    outcome: tuple[Any, Exception | None]
    try:
        outcome = work(*args, **kwargs), None
    except Exception as error:  # raised again in the parent
        error.add_note(traceback.format_exc())
        outcome = None, error
    with open(int(sys.argv[1]), "wb") as pipe:
        pickle.dump(outcome, pipe)


def _end_with_parent() -> None:
    os.read(0, 1)  # returns when the parent closes its end
    os._exit(1)


if __name__ == "__main__":
    _main()
