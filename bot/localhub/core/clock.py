"""The Hub's clock, which tests may freeze or advance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The time in UTC, shifted or frozen on request."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen_at: datetime | None = None

    def now(self) -> datetime:
        """Return the current time, with a UTC zone."""
        return self._frozen_at or datetime.now(UTC) + self._offset

    def freeze(self, at: datetime | None = None) -> None:
        """Stop the clock, at the current time by default."""
        self._frozen_at = at or self.now()

    def advance(self, seconds: float) -> None:
        """Jump ahead, whether the clock is frozen or not."""
        step = timedelta(seconds=seconds)
        self._offset += step
        self._frozen_at = self._frozen_at + step if self._frozen_at else None

    def reset(self) -> None:
        """Return to the machine's own time."""
        self._offset, self._frozen_at = timedelta(), None


def iso(moment: datetime) -> str:
    """Format a time as the Hub does: `2026-01-31T12:00:00.000Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
