"""Progress lines while a run goes on."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from recipes.core.progress import Progress, say
from recipes.generate.context import GenerationContext
from recipes.generate.estimate import Estimate
from recipes.generate.teacher.budget import Budget

INTERVAL = 0.5  # seconds
SPEED_SECONDS = 60  # over which speed is measured: answers from the journal come all at once
CORRECTION_SECONDS = 600  # the first minutes are slower: calls in flight grow
MIN_SPEED_SECONDS = 1.0  # before there is a speed


class Snapshot(NamedTuple):
    """The rows that were finished and the tokens that were written at a time."""

    time: float
    rows: int
    tokens: int


@asynccontextmanager
async def report_progress(
    planned_rows: int, context: GenerationContext, estimate: Estimate
) -> AsyncIterator[None]:
    """Print progress lines in the background, and a last one at the end.

    After ten minutes, the estimate is corrected once by what was measured.
    """
    progress, snapshots = Progress(planned_rows, "rows"), deque[Snapshot]()
    task = asyncio.create_task(_report(planned_rows, context, progress, snapshots))
    correction = asyncio.create_task(_correct(context, progress, estimate, snapshots))
    try:
        yield
    finally:
        task.cancel()
        correction.cancel()
        progress.total = context.finished  # fewer than planned, unless every answer was good
        progress.show(context.finished, **details(context, context.finished, snapshots))


async def _report(
    planned_rows: int, context: GenerationContext, progress: Progress, snapshots: deque[Snapshot]
) -> None:
    while True:
        progress.total = max(planned_rows - context.missing, context.finished + 1)
        progress.show(context.finished, **details(context, progress.total, snapshots))
        await asyncio.sleep(INTERVAL)


async def _correct(
    context: GenerationContext, progress: Progress, estimate: Estimate, snapshots: deque[Snapshot]
) -> None:
    started_at = time.monotonic()
    await asyncio.sleep(CORRECTION_SECONDS)
    rows_per_second, tokens_per_second = speeds(snapshots)
    if not rows_per_second or not tokens_per_second:
        return
    rows_left = progress.total - context.finished
    say(
        corrected_estimate(
            estimate,
            context.teacher.budget,
            time.monotonic() - started_at,
            rows_left / rows_per_second,
            tokens_per_second,
        )
    )


def corrected_estimate(
    estimate: Estimate,
    budget: Budget,
    seconds: float,
    seconds_left: float,
    tokens_per_second: float,
) -> str:
    """Say how long a run will take and what it will cost, going on at the speed so far."""
    assumed = f" (assumed: {estimate.tokens_per_second:,.0f})" if estimate.tokens_per_second else ""
    usd = budget.spent * (seconds + seconds_left) / seconds
    return (
        f"corrected after {seconds / 60:.0f} min: {tokens_per_second:,.0f} tokens/s{assumed}, "
        f"{(seconds + seconds_left) / 60:.0f} min and ${usd:.2f} in all, "
        f"estimated were {estimate.seconds / 60:.0f} min and ${estimate.usd:.2f}"
    )


def details(
    context: GenerationContext, total: int, snapshots: deque[Snapshot]
) -> dict[str, object]:
    """Return the details of a progress line, and add a snapshot to the earlier ones."""
    limiter, finished = context.teacher.limiter, context.finished
    snapshots.append(Snapshot(time.monotonic(), finished, context.teacher.stats.tokens_out))
    while snapshots[-1].time - snapshots[0].time > SPEED_SECONDS:
        snapshots.popleft()
    rows_per_second, tokens_per_second = speeds(snapshots)
    return {
        "eta": _eta(total - finished, rows_per_second),
        "kept": f"{context.rows.kept / max(1, finished):.0%}",
        "spent": f"${context.teacher.budget.spent:.2f}",
        "rows/s": _figure(rows_per_second, ".1f"),
        "tokens/s": _figure(tokens_per_second, ".0f"),
        "calls": f"{limiter.in_flight}/{int(limiter.limit)}",
    }


def speeds(snapshots: deque[Snapshot]) -> tuple[float | None, float | None]:
    """Return rows and tokens per second, None while it is too early."""
    first, last = snapshots[0], snapshots[-1]
    if (seconds := last.time - first.time) < MIN_SPEED_SECONDS:
        return None, None
    return (last.rows - first.rows) / seconds, (last.tokens - first.tokens) / seconds


def _figure(value: float | None, spec: str) -> str:
    return "?" if value is None else format(value, spec)


def _eta(rows: int, rows_per_second: float | None) -> str:
    """Return the time left as hours, minutes and seconds."""
    if rows and not rows_per_second:
        return "?"
    minutes, seconds = divmod(round(rows / rows_per_second) if rows_per_second else 0, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
