"""Stop a run by Ctrl-C or SIGTERM without losing answers.

At the first signal, no new call is made, calls in flight get the recipe's grace period, and all
answers are pushed. A second signal ends the process at once; answers so far are on disk.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from recipes.core.progress import say
from recipes.generate.teacher.client import Teacher

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt_on_sigterm() -> None:
    """Make SIGTERM end the run as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@asynccontextmanager
async def graceful_shutdown(teacher: Teacher, push: Callable[[], object]) -> AsyncIterator[None]:
    """On a signal, cancel the current task once its calls in flight ended and `push` returned."""
    loop, main_task = asyncio.get_running_loop(), asyncio.current_task()
    assert main_task
    stopping: list[asyncio.Task[None]] = []

    async def stop() -> None:
        try:
            await asyncio.gather(teacher.finish_calls(), asyncio.to_thread(push))
            if teacher.limiter.in_flight:
                say(f"{_calls(teacher.limiter.in_flight)} cut off without an answer")
        finally:
            main_task.cancel()

    def on_signal() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        say(
            f"stopping: waiting up to {teacher.settings.grace:g} s for "
            f"{_calls(teacher.limiter.in_flight)} in flight; signal again to stop at once"
        )
        stopping.append(loop.create_task(stop()))

    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
        if stopping:  # the task never waited after the signal, so it was not cancelled
            await stopping[0]
    finally:
        if not stopping:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
            interrupt_on_sigterm()


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"
