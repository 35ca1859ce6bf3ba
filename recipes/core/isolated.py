"""Work in a process of its own: what it imports and takes in memory is gone when it is done.

The process says what it has to say where we do, and ends when we end, however that comes about.
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
    """What `work`, a function of a module, returns or raises; all of it must be fit to be pickled.

    Raises UserError when the process was killed.
    """
    here, there = os.pipe()
    with (
        open(here, "rb") as outcome,
        subprocess.Popen(
            [sys.executable, "-m", "recipes.core.isolated", str(there)],
            stdin=subprocess.PIPE,
            pass_fds=[there],
            start_new_session=True,  # Ctrl-C is for us alone
        ) as process,
    ):
        os.close(there)
        try:
            assert process.stdin
            process.stdin.write(pickle.dumps((work, args, kwargs)))
            process.stdin.flush()
            told = outcome.read()
        finally:
            process.kill()
    if not told:
        raise UserError(f"A process that does {work.__name__!r} was killed: run this again.")
    value, error = pickle.loads(told)
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]


def _main() -> None:
    """The other side: one piece of work from stdin, its outcome to the given file descriptor."""
    work, args, kwargs = pickle.load(sys.stdin.buffer)
    Thread(target=_end_with_parent, daemon=True).start()
    outcome: tuple[Any, Exception | None]
    try:
        outcome = work(*args, **kwargs), None
    except Exception as error:  # not swallowed: it is raised on our side
        error.add_note(traceback.format_exc())
        outcome = None, error
    with open(int(sys.argv[1]), "wb") as there:
        pickle.dump(outcome, there)


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing comes but the end
    os._exit(1)


if __name__ == "__main__":
    _main()
