"""When a cron schedule is due next, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

# The pattern of the API's document: no names, no ranges with steps, no lists of ranges.
SCHEDULE = re.compile(
    r"(?:(@(annually|yearly|monthly|weekly|daily|hourly))"
    r"|((((\d+,)+\d+|((\*|\d+)(\/|-)\d+)|\d+|\*) ?){5,7}))"
)

NAMED = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip


def next_due(schedule: str, after: datetime) -> datetime:
    """Return the first time after `after` at which a schedule is due.

    schedule: `minute hour day month weekday`, or a name such as `@daily`. Raises ValueError with a
    reason if it is not valid or never due.
    """
    fields = NAMED.get(schedule, schedule).split()
    if not SCHEDULE.fullmatch(schedule) or len(fields) != 5:
        names = ", ".join(NAMED)
        raise ValueError(
            "it needs five fields (minute hour day month weekday) of numbers, lists, ranges or"
            f" steps, or one of {names}"
        )
    try:
        return next(CronSim(" ".join(fields), after.astimezone(UTC)))
    except CronSimError as error:
        raise ValueError(str(error).replace("Bad", "bad", 1)) from error
    except (StopIteration, OverflowError) as error:
        raise ValueError("no day in the calendar matches") from error
