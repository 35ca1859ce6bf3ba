"""The progress lines that bot and demo read from a job's log.

No other line of a recipe may start with `progress:`.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

AT_MOST_EVERY = 0.5  # seconds


@dataclass
class Progress:
    """Prints `progress: 12/80 rows kept=9`, at most twice a second, and always the last one."""

    total: int
    unit: str
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    _last: float = field(default=-1e9, init=False)

    def show(self, done: int, **details: object) -> None:
        """Tell how far the work is; safe to call as often as one likes."""
        now = time.monotonic()
        if done < self.total and now - self._last < AT_MOST_EVERY:
            return
        self._last = now
        print(line(done, self.total, self.unit, details), file=self.stream, flush=True)


def line(done: int, total: int, unit: str, details: dict[str, object]) -> str:
    """One progress line; details may not hold spaces."""
    tail = "".join(f" {key}={value}" for key, value in details.items())
    return f"progress: {done}/{total} {unit}{tail}"


def say(text: str) -> None:
    """A free line for the log, flushed, never mistaken for progress."""
    print(text, flush=True)
