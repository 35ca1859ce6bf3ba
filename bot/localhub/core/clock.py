"""The time as the local Hub tells it; a test may freeze or advance it, nothing else may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Wall-clock time in UTC, shifted or stopped on request."""

    def __init__(self) -> None:
        self._shift = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The present moment, with a UTC zone."""
        return self._frozen or datetime.now(UTC) + self._shift

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at a moment (the present one by default)."""
        self._frozen = at or self.now()

    def advance(self, seconds: float) -> None:
        """Jump ahead, frozen or not."""
        step = timedelta(seconds=seconds)
        self._shift += step
        self._frozen = self._frozen + step if self._frozen else None

    def reset(self) -> None:
        """Back to the machine's own time."""
        self._shift, self._frozen = timedelta(), None


def iso(moment: datetime) -> str:
    """A date as the Hub writes it: ``2026-01-31T12:00:00.000Z``."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
