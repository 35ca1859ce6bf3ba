"""Print progress lines, which bot and demo read from a job's log, or a bar in a terminal.

No other line of a recipe may start with `progress:`.
"""

from __future__ import annotations

import re
import sys
import time
import unicodedata
from dataclasses import dataclass, field
from shutil import get_terminal_size
from typing import TYPE_CHECKING, NoReturn, TextIO

from recipes.core.card_sections import CONTROLS

if TYPE_CHECKING:
    from tqdm import tqdm

MIN_INTERVAL = 0.5  # seconds
UNPRINTABLE = re.compile(f"{CONTROLS.pattern}|[\x0b-\x0d\x85]")
DEFAULT_SIZE = (120, 24)  # columns and rows


@dataclass
class Progress:
    """Prints `progress: 12/80 rows kept=9` at most twice a second, and always the last line.

    Where there is no terminal, only what has changed is printed.
    """

    total: int
    unit: str
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    _shown_at: float = field(default=-1e9, init=False)
    _shown: tuple[int, int] = field(default=(-1, -1), init=False)  # done and total
    _bar: tqdm[NoReturn] | None = field(default=None, init=False)

    def show(self, done: int, **details: object) -> None:
        """Show how many are done; may be called any number of times."""
        now = time.monotonic()
        if done < self.total and now - self._shown_at < MIN_INTERVAL:
            return
        self._shown_at = now
        if self.stream.isatty():
            self._draw(done, details)
        elif (done, self.total) != self._shown:
            self._shown = (done, self.total)
            print(line(done, self.total, self.unit, details), file=self.stream, flush=True)

    def _draw(self, done: int, details: dict[str, object]) -> None:
        from tqdm import tqdm

        columns, rows = get_terminal_size(DEFAULT_SIZE)
        if self._bar is None:
            bar_format = "{n_fmt}/{total_fmt} {unit} {bar:10} {elapsed}{postfix}"
            self._bar = tqdm(
                unit=self.unit,
                file=self.stream,
                bar_format=bar_format,
                nrows=rows,
                disable=False,  # TQDM_DISABLE is for the libraries' bars
            )
        self._bar.ncols = columns - 1  # a longer line would not be overwritten
        self._bar.total, self._bar.n = self.total, done
        self._bar.set_postfix_str(" ".join(f"{key}={value}" for key, value in details.items()))
        if done >= self.total:
            self._bar.close()


def line(done: int, total: int, unit: str, details: dict[str, object]) -> str:
    """Return one progress line; details must not contain spaces."""
    tail = "".join(f" {key}={value}" for key, value in details.items())
    return f"progress: {done}/{total} {unit}{tail}"


def say(text: str) -> None:
    """Print text for the log; what others have written in it never looks like a line of ours."""
    lines = printable(text).split("\n")
    print("\n".join(f"| {line}" if _looks_like_ours(line) else line for line in lines), flush=True)


def _looks_like_ours(line: str) -> bool:
    """Whether the bot could take a line for progress or an error: it reads what can be seen."""
    letters = unicodedata.normalize("NFKC", line)
    seen = "".join(char for char in letters if unicodedata.category(char)[0] not in "CZ")
    return seen.startswith(("progress:", "kakugo-recipe"))


def printable(text: str) -> str:
    """Return text without what a terminal obeys, such as escapes, and what it cannot print."""
    return UNPRINTABLE.sub("", text)
