"""How far a run is, for those who watch it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recipes.generate.harvest import Harvest
from recipes.progress import Progress


@asynccontextmanager
async def telling(planned: int, harvest: Harvest) -> AsyncIterator[None]:
    """Print how far the work is while something else goes on, and then how far it came."""
    began = time.monotonic()
    progress = Progress(planned, "rows")
    task = asyncio.create_task(_tell(planned, harvest, progress, began))
    try:
        yield
    finally:
        task.cancel()
        progress.total = harvest.done  # the plan was for a teacher without fault
        progress.show(harvest.done, **told(harvest, harvest.done, began))


async def _tell(planned: int, harvest: Harvest, progress: Progress, began: float) -> None:
    while True:
        progress.total = max(planned - harvest.missing, harvest.done + 1)
        progress.show(harvest.done, **told(harvest, progress.total, began))
        await asyncio.sleep(0.5)


def told(harvest: Harvest, total: int, began: float) -> dict[str, object]:
    """The figures beside the progress."""
    seconds = max(time.monotonic() - began, 1e-3)
    pace, usage, rows = harvest.teacher.pace, harvest.teacher.usage, harvest.spool
    speed = harvest.done / seconds
    return {
        "kept": rows.kept,
        "share": f"{rows.kept / max(1, harvest.done):.0%}",
        "rows/s": f"{speed:.1f}",
        "tokens/s": f"{usage.tokens_out / seconds:.0f}",
        "in_flight": f"{pace.in_flight}/{int(pace.width)}",
        "spent": f"${harvest.teacher.purse.spent:.2f}",
        "eta": f"{(total - harvest.done) / speed:.0f}s" if speed else "?",
    }
