"""Run a function in a process of its own, so that its imports and memory are gone afterwards.

The process starts as the platform's processes do: a fork on Linux, which has all imports already.
Call this only where no thread of ours runs. The process shares our stdout and stderr.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Thread
from typing import ParamSpec, TypeVar

from recipes.core.errors import UserError

P = ParamSpec("P")
T = TypeVar("T")


def run_isolated(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return or raise what `work`, a module's function, does; everything must be picklable.

    Raises UserError if the process was killed or crashed. Ctrl-C kills it.
    """
    with ProcessPoolExecutor(max_workers=1, initializer=_follow_parent) as pool:
        try:
            return pool.submit(work, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise UserError(
                f"The process for {work.__name__!r} crashed or was killed, perhaps because "
                "memory ran out. Run this again."
            ) from error
        except KeyboardInterrupt:  # leaving the pool would wait for the work
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _follow_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it ends, which a pool's processes do not."""
    os.setsid()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)
