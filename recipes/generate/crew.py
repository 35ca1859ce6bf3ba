"""N workers that do the deepest work first.

Work returns more work: a seed gives topics, a topic prompts, a prompt a row. Taking the newest
first finishes rows while others are still growing, so there is no barrier between stages and what
waits stays bounded by workers times fan-out, however many roots there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

Work = Callable[[], Awaitable["Sequence[Work]"]]


async def drain(roots: Iterator[Work], width: int) -> None:
    """Do all work that the roots lead to, `width` at once; the first error ends everything."""
    stack: list[Work] = []
    changed = asyncio.Condition()
    busy = 0

    def take() -> Work | None:
        return stack.pop() if stack else next(roots, None)

    def worth_a_look() -> bool:
        return bool(stack) or busy == 0

    async def worker() -> None:
        nonlocal busy
        while True:
            while (work := take()) is None:
                if busy == 0:
                    return
                async with changed:
                    await changed.wait_for(worth_a_look)
            busy += 1
            try:
                stack.extend(await work())
            finally:
                busy -= 1
                async with changed:
                    changed.notify_all()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
