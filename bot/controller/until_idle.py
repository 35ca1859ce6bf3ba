"""One shift of a bot that a webhook has started as a Job: tick until nothing is under way.

A Job hears no second ring, and a failed job rings at no door: so the bot stays while a request is
at work, and looks by its timer. Idle, no Job is there and nothing is paid.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from bot.controller.tick import Controller, Report
from bot.domain.actions import GRACE
from bot.domain.request import Status
from bot.hub.client import TryLater

# Looks in a row that saw nothing of the Hub; then the Job fails and the next ring starts another.
MOST_BLIND = 30


def hint(payload: str | bytes) -> int:
    """The discussion that a delivery is about, all that is read of it; 0 for anything else."""
    try:
        number = json.loads(payload)["discussion"]["num"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return number if type(number) is int and 0 < number < 1 << 31 else 0


def shift(
    controller: Controller,
    first: int,
    pause: float,
    relieved: Callable[[], bool],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Tick every `pause` seconds until nothing has been under way for a grace, saying why.

    `first` is looked at first. `relieved` says whether an older bot is alive: asked a grace after
    the tick, so that one on its way out has gone by then and nobody's work is left to nobody.
    Raises Refused, and TryLater when the Hub stays out of sight.
    """
    hints = [first] if first else []
    busy, blind = controller.hub.clock(), 0
    while True:
        try:
            report = controller.tick(hints)
            hints, blind = [], 0
        except TryLater as error:
            blind += 1
            if blind > MOST_BLIND:
                raise
            report = Report(postponed=(str(error),), wait=error.after)
        yield from (*report.summaries, *report.postponed)
        if report.done or report.postponed or report.more or report.lost_race:
            busy = controller.hub.clock()
        if not report.counts.get(Status.OPEN.value) and controller.hub.clock() - busy > GRACE:
            yield "nothing is under way: this shift is over"
            return
        if report.more:
            continue
        sleep(max(pause, GRACE, report.wait))
        if relieved():
            yield "an older bot is at work: this shift is over"
            return
