"""The progress lines that bot and demo read from a job's log.

No other line of a recipe may start with `progress:`. A person at a terminal sees a bar instead.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from shutil import get_terminal_size
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

AT_MOST_EVERY = 0.5  # seconds
SIZE = (120, 24)  # columns and rows of a terminal that does not say


@dataclass
class Progress:
    """Prints `progress: 12/80 rows kept=9`, at most twice a second, and always the last one; on a
    terminal, a bar that says the same."""

    total: int
    unit: str
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    _last: float = field(default=-1e9, init=False)
    _bar: tqdm[NoReturn] | None = field(default=None, init=False)

    def show(self, done: int, **details: object) -> None:
        """Tell how far the work is; safe to call as often as one likes."""
        now = time.monotonic()
        if done < self.total and now - self._last < AT_MOST_EVERY:
            return
        self._last = now
        if self.stream.isatty():
            self._draw(done, details)
        else:
            print(line(done, self.total, self.unit, details), file=self.stream, flush=True)

    def _draw(self, done: int, details: dict[str, object]) -> None:
        from tqdm import tqdm

        columns, rows = get_terminal_size(SIZE)
        if self._bar is None:
            form = "{n_fmt}/{total_fmt} {unit} {bar:10} {elapsed}{postfix}"
            how = {"bar_format": form, "nrows": rows, "disable": False}  # only libraries' are quiet
            self._bar = tqdm(unit=self.unit, file=self.stream, **how)
        self._bar.ncols = columns - 1  # a line that is too long would be drawn again and again
        self._bar.total, self._bar.n = self.total, done
        self._bar.set_postfix_str(" ".join(f"{key}={value}" for key, value in details.items()))
        if done >= self.total:
            self._bar.close()


def line(done: int, total: int, unit: str, details: dict[str, object]) -> str:
    """One progress line; details may not hold spaces."""
    tail = "".join(f" {key}={value}" for key, value in details.items())
    return f"progress: {done}/{total} {unit}{tail}"


def say(text: str) -> None:
    """A free line for the log, flushed, never mistaken for progress."""
    print(text, flush=True)
