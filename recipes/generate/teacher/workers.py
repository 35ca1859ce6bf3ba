"""Workers that do the deepest work first.

Work returns more work: a seed gives topics, a topic prompts, a prompt a row. Taking the newest
first finishes rows while others are still growing, so there is no barrier between stages and what
waits stays bounded by workers times fan-out, however many roots there are. What grew from one call
stays together, so that calls with the same long beginning go out one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

Work = Callable[[], Awaitable["Sequence[Work]"]]


async def run_workers(roots: Iterator[Work], width: int) -> None:
    """Do all work that the roots lead to, `width` at once; the first error ends everything.

    There are only as many workers as there is work: nobody waits and nobody has to be woken.
    """
    stack: list[Work] = []
    busy = 0

    def take() -> Work | None:
        return stack.pop() if stack else next(roots, None)

    async def worker(work: Work | None) -> None:
        nonlocal busy
        while work is not None:
            stack.extend(reversed(await work()))
            await asyncio.sleep(0)  # answers that the journal knows never wait: progress must
            work = take()
            hire()
        busy -= 1

    def hire() -> None:
        nonlocal busy
        while busy < width and (work := take()) is not None:
            busy += 1
            group.create_task(worker(work))

    try:
        async with asyncio.TaskGroup() as group:
            hire()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
