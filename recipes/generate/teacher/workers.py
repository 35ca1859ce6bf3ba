"""Workers that do the deepest work first.

Work returns more work: a seed gives topics, a topic gives prompts, a prompt gives a row. Taking the
newest work first finishes rows while others are still being prepared, so that there is no barrier
between stages, and pending work stays below workers times fan-out, however many roots there are.
The work that one call returns stays together, so that requests with the same long prefix follow
each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

Work = Callable[[], Awaitable["Sequence[Work]"]]


async def run_workers(roots: Iterator[Work], max_workers: int) -> None:
    """Do all work that the roots lead to; the first error ends everything.

    Workers start when there is work and end when there is none, so that none has to wait.
    """
    pending: list[Work] = []
    workers = 0

    def take() -> Work | None:
        return pending.pop() if pending else next(roots, None)

    async def run_worker(work: Work | None) -> None:
        nonlocal workers
        while work is not None:
            pending.extend(reversed(await work()))
            await asyncio.sleep(0)  # answers from the journal never wait: let progress be shown
            work = take()
            start_workers()
        workers -= 1

    def start_workers() -> None:
        nonlocal workers
        while workers < max_workers and (work := take()) is not None:
            workers += 1
            group.create_task(run_worker(work))

    try:
        async with asyncio.TaskGroup() as group:
            start_workers()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
