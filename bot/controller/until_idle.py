"""Tick until no request is in progress: a bot that a webhook started as a Job.

Such a Job cannot receive further webhooks, and jobs of requests send none when they end. So the bot
stays while a request is open, and ticks on a timer. When it is idle, no Job runs and nothing costs
money.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from bot.controller.tick import Controller, Report
from bot.domain.actions import GRACE_SECONDS
from bot.domain.request import Status
from bot.hub.client import TryLater

# After so many failed ticks in a row the Job fails; the next webhook starts another one.
MAX_FAILED_TICKS = 30


def discussion_of(payload: str | bytes) -> int:
    """Return the number of the discussion in a webhook's payload, which is untrusted; 0 if none."""
    try:
        number = json.loads(payload)["discussion"]["num"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return number if type(number) is int and 0 < number < 1 << 31 else 0


def run_until_idle(
    controller: Controller,
    first: int,
    pause: float,
    is_replaced: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Tick every `pause` seconds until no request has been open for one grace period.

    Yields what happens.

    `first` is the discussion to read first, 0 for none. `is_replaced` says whether an older bot is
    alive. It is called one grace period after the tick: a bot that is about to end has ended by
    then, so no work is left without a bot. Raises Refused, and TryLater if the Hub cannot be
    reached for a long time.
    """
    hints = [first] if first else []
    busy_at, failed_ticks = controller.hub.clock(), 0
    while True:
        try:
            report = controller.tick(hints)
            hints, failed_ticks = [], 0
        except TryLater as error:
            failed_ticks += 1
            if failed_ticks > MAX_FAILED_TICKS:
                raise
            report = Report(postponed=(str(error),), wait=error.after)
        yield from (*report.summaries, *report.postponed)
        if report.done or report.postponed or report.more or report.lost_race:
            busy_at = controller.hub.clock()
        is_idle = not report.counts.get(Status.OPEN.value)
        if is_idle and controller.hub.clock() - busy_at > GRACE_SECONDS:
            yield "no request is in progress: this bot ends"
            return
        if report.more:
            continue
        sleep(max(pause, GRACE_SECONDS, report.wait))
        if is_replaced():
            yield "an older bot is running: this bot ends"
            return
