"""When a schedule is due next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localhub.compute import cron


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("@hourly", "2026-01-31 23:15", "2026-02-01 00:00"),
        ("@daily", "2026-01-31 00:00", "2026-02-01 00:00"),
        ("@weekly", "2026-01-31 00:00", "2026-02-01 00:00"),
        ("@monthly", "2026-01-31 00:00", "2026-02-01 00:00"),
        ("@yearly", "2026-01-31 00:00", "2027-01-01 00:00"),
        ("0 9 * * 1", "2026-01-31 00:00", "2026-02-02 09:00"),
        ("0 9 * * 1-5", "2026-01-30 09:00", "2026-02-02 09:00"),
        ("*/20 * * * *", "2026-01-31 10:41", "2026-01-31 11:00"),
        ("5,10,30 0 * * *", "2026-01-31 00:05", "2026-01-31 00:10"),
        ("0 0 29 2 *", "2026-01-31 00:00", "2028-02-29 00:00"),
        ("0 0 13 * 5", "2026-01-31 00:00", "2026-02-06 00:00"),
        ("0 0 * * 7", "2026-01-31 00:00", "2026-02-01 00:00"),
    ],
)
def test_next_due_time(schedule: str, after: str, due: str) -> None:
    then = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert cron.next_due(schedule, then) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule",
    ["", "@never", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "a * * * *",
     "0 0 30 2 *", "0 0 * * * *", "@midnight", "0 9 * * mon-fri", "1-5/2 * * * *"],
)  # fmt: skip
def test_invalid_schedule_is_rejected(schedule: str) -> None:
    with pytest.raises(ValueError):
        cron.next_due(schedule, datetime(2026, 1, 1, tzinfo=UTC))


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),
    st.integers(0, 59), st.integers(0, 23), st.integers(1, 28), st.integers(1, 12),
)  # fmt: skip
def test_due_time_is_later_and_matches(
    after: datetime, minute: int, hour: int, day: int, month: int
) -> None:
    then = after.replace(tzinfo=UTC)
    due = cron.next_due(f"{minute} {hour} {day} {month} *", then)
    assert due > then
    assert (due.minute, due.hour, due.day, due.month) == (minute, hour, day, month)
