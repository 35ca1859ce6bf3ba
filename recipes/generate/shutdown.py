"""A run that is told to stop, by Ctrl-C or by what a platform sends before it kills (SIGTERM).

At the first signal nothing new is asked, what is under way comes home as long as the recipe grants,
and all goes to the Hub. A second one ends the process at once: what was answered is on the disk.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from recipes.core.progress import say
from recipes.generate.teacher.client import Teacher

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def interrupt_when_told() -> None:
    """While nothing is asked, SIGTERM ends the run as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@asynccontextmanager
async def stoppable(teacher: Teacher, push: Callable[[], object]) -> AsyncIterator[None]:
    """Around all asking: a stop cancels the present task when its answers are home and pushed."""
    loop, whole = asyncio.get_running_loop(), asyncio.current_task()
    assert whole
    stopping: list[asyncio.Task[None]] = []

    async def stop() -> None:
        try:
            await asyncio.gather(teacher.finish(), asyncio.to_thread(push))
            if teacher.pace.in_flight:
                say(f"{teacher.pace.in_flight} calls are cut off without an answer")
        finally:
            whole.cancel()

    def told() -> None:
        for sign in SIGNALS:
            loop.remove_signal_handler(sign)
            signal.signal(sign, signal.SIG_DFL)
        say(
            f"told to stop: {teacher.pace.in_flight} calls are under way and have "
            f"{teacher.settings.grace:g} s to be answered; once more ends it at once"
        )
        stopping.append(loop.create_task(stop()))

    for sign in SIGNALS:
        loop.add_signal_handler(sign, told)
    try:
        yield
        if stopping:  # the last work was done without a pause
            await stopping[0]
    finally:
        if not stopping:
            for sign in SIGNALS:
                loop.remove_signal_handler(sign)
            interrupt_when_told()
