"""When a schedule is due: ``minute hour day month weekday`` in UTC, or a name like ``@daily``.

Pure.  As in cron(5), a day counts when it fits the day of the month or the weekday if both are
restricted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NAMED = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}  # fmt: skip
MONTHS = dict(
    zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True)
)
WEEKDAYS = {name: number for number, name in enumerate("sun mon tue wed thu fri sat".split())}
PART = re.compile(r"(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]{1,3}))?")
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}), ("hour", 0, 23, {}), ("day", 1, 31, {}), ("month", 1, 12, MONTHS),
    ("weekday", 0, 7, WEEKDAYS),
)  # fmt: skip
FARTHEST = timedelta(days=8 * 366 + 1)  # from one 29 February to the next around 2100


@dataclass(frozen=True)
class Schedule:
    """The minutes, hours … on which it is due; weekdays count from Sunday, 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def on(self, moment: datetime) -> bool:
        """Return whether the day of a moment fits."""
        by_date = moment.day in self.days
        by_weekday = moment.isoweekday() % 7 in self.weekdays
        fits = by_date or by_weekday if self.either_day else by_date and by_weekday
        return moment.month in self.months and fits

    def after(self, moment: datetime) -> datetime:
        """Return the first due moment after this one; ValueError if there never is one."""
        at = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = at + FARTHEST
        while at < end:
            if not self.on(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        raise ValueError("no day of the calendar fits")


def parse(text: str) -> Schedule:
    """Return the schedule that a text means; ValueError with a reason for one that means none."""
    words = NAMED.get(text.strip().lower(), text).lower().split()
    if len(words) != len(FIELDS):
        names = ", ".join(NAMED)
        raise ValueError(f"it needs five fields, minute hour day month weekday, or one of {names}")
    sets = [field(word, *what) for word, what in zip(words, FIELDS, strict=True)]
    weekdays = frozenset(day % 7 for day in sets[4])
    restricted = not words[2].startswith("*") and not words[4].startswith("*")
    return Schedule(sets[0], sets[1], sets[2], sets[3], weekdays, restricted)


def field(word: str, what: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    """Return the numbers that one field lists: ``*``, ``5``, ``1-5``, ``*/10``, ``1,3``."""
    found: set[int] = set()
    for part in word.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part[:20]!r} is no {what}")
        first, last, step = match.groups()
        low = number(first, what, names) if first else least
        high = number(last, what, names) if last else (most if not first or step else low)
        if not least <= low <= high <= most or step == "0":
            raise ValueError(f"{part[:20]!r} is no {what}: it goes from {least} to {most}")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def number(word: str, what: str, names: dict[str, int]) -> int:
    """Return a number, or what a name like ``mon`` stands for."""
    if word in names:
        return names[word]
    if not word.isdecimal():
        raise ValueError(f"{word[:20]!r} is no {what}")
    return int(word)
