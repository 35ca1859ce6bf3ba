"""How far a run is, for those who watch it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recipes.core.progress import Progress
from recipes.generate.context import GenerationContext

EVERY = 0.5  # seconds
LATELY = 60  # seconds over which speed is measured: what was paid for earlier comes at once
SHORTEST = 1.0  # seconds before there is a speed

Look = tuple[float, int, int]  # when, rows that came to an end, tokens written


@asynccontextmanager
async def telling(planned: int, harvest: GenerationContext) -> AsyncIterator[None]:
    """Print how far the work is while something else goes on, and then how far it came."""
    progress, looks = Progress(planned, "rows"), deque[Look]()
    task = asyncio.create_task(_tell(planned, harvest, progress, looks))
    try:
        yield
    finally:
        task.cancel()
        progress.total = harvest.done  # the plan was for a teacher without fault
        progress.show(harvest.done, **told(harvest, harvest.done, looks))


async def _tell(
    planned: int, harvest: GenerationContext, progress: Progress, looks: deque[Look]
) -> None:
    while True:
        progress.total = max(planned - harvest.missing, harvest.done + 1)
        progress.show(harvest.done, **told(harvest, progress.total, looks))
        await asyncio.sleep(EVERY)


def told(harvest: GenerationContext, total: int, looks: deque[Look]) -> dict[str, object]:
    """The figures beside the progress; `looks` are the earlier ones, and this one is added."""
    pace, usage, rows = harvest.teacher.pace, harvest.teacher.usage, harvest.spool
    looks.append((time.monotonic(), harvest.done, usage.tokens_out))
    while looks[-1][0] - looks[0][0] > LATELY:
        looks.popleft()
    speed, tokens = speeds(looks)
    return {
        "eta": _eta(total - harvest.done, speed),
        "kept": f"{rows.kept / max(1, harvest.done):.0%}",
        "spent": f"${harvest.teacher.purse.spent:.2f}",
        "rows/s": _figure(speed, ".1f"),
        "tokens/s": _figure(tokens, ".0f"),
        "calls": f"{pace.in_flight}/{int(pace.width)}",
    }


def speeds(looks: deque[Look]) -> tuple[float | None, float | None]:
    """Rows and tokens a second between the first and the last look, None where it is too early."""
    (first, rows, tokens), (last, rows_now, tokens_now) = looks[0], looks[-1]
    if (seconds := last - first) < SHORTEST:
        return None, None
    return (rows_now - rows) / seconds, (tokens_now - tokens) / seconds


def _figure(value: float | None, form: str) -> str:
    return "?" if value is None else format(value, form)


def _eta(left: int, speed: float | None) -> str:
    """As hours, minutes and seconds."""
    if left and not speed:
        return "?"
    minutes, rest = divmod(round(left / speed) if speed else 0, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
