"""When a cron schedule is due next, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

NAMED = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}  # fmt: skip


def next_due(schedule: str, after: datetime) -> datetime:
    """Return the first time after `after` at which a schedule is due.

    schedule: `minute hour day month weekday`, or a name such as `@daily`. Raises ValueError with a
    reason if it is not valid or never due.
    """
    fields = NAMED.get(schedule.strip().lower(), schedule).split()
    if len(fields) != 5:
        names = ", ".join(NAMED)
        raise ValueError(f"it needs five fields (minute hour day month weekday) or one of {names}")
    try:
        return next(CronSim(" ".join(fields), after.astimezone(UTC)))
    except CronSimError as error:
        raise ValueError(str(error).replace("Bad", "bad", 1)) from error
    except (StopIteration, OverflowError) as error:
        raise ValueError("no day in the calendar matches") from error
