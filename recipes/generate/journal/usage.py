"""What the answers of a dataset cost, each once, whoever paid: this run, an earlier one for the
language, or one for another language.

An answer may be wanted many times and is paid once, so it is remembered which were counted: on the
disk, in the journal's scratch. What an answer costs is decided in `purse.py`.
"""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

COUNTED = """CREATE TABLE counted{} (key BLOB PRIMARY KEY, payer INT, tokens_in INT, tokens_out INT,
             usd REAL) WITHOUT ROWID"""
COUNT = "INSERT OR IGNORE INTO counted{} VALUES (?, ?, ?, ?, ?)"
SUMS = "SELECT payer, sum(tokens_in), sum(tokens_out), sum(usd) FROM counted{} GROUP BY payer"
NEWEST = 1_000  # answers that are put down at once


class Payer(IntEnum):
    """Who paid for an answer."""

    NOW = auto()
    EARLIER = auto()
    OTHERS = auto()


class Sum(NamedTuple):
    """Tokens and US dollars of some answers."""

    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0


@dataclass(frozen=True)
class Bill:
    """What a dataset took: the tokens of its answers, seconds of this run, US dollars.

    `paid_usd` is this run's; `earlier_usd` and `others_usd` were paid for answers in it by earlier
    runs for the language and by runs for others; `stopped` says why the run ended early.
    """

    tokens_in: int
    tokens_out: int
    paid_usd: float
    earlier_usd: float
    others_usd: float
    seconds: float
    stopped: str = ""

    @property
    def usd(self) -> float:
        """All that was paid for this language."""
        return self.paid_usd + self.earlier_usd

    def __str__(self) -> str:
        return (
            f"{self.tokens_in:,} tokens read and {self.tokens_out:,} written by the teacher: "
            f"${self.paid_usd:.2f} now, ${self.earlier_usd:.2f} in earlier runs, "
            f"${self.others_usd:.2f} in those of other languages"
        )


class Account:
    """Counts answers, each by its key alone; `number` tells it from others in the same scratch."""

    def __init__(self, scratch: sqlite3.Connection, number: int) -> None:
        self._scratch, self._number = scratch, number
        self._newest: list[tuple[bytes, Payer, int, int, float]] = []
        scratch.execute(COUNTED.format(number))

    def add(self, key: str, payer: Payer, tokens_in: int, tokens_out: int, usd: float) -> None:
        """Count an answer unless it is counted; raises OSError when the disk is full."""
        self._newest.append((bytes.fromhex(key), payer, tokens_in, tokens_out, usd))
        if len(self._newest) >= NEWEST:
            self._flush()

    def sums(self) -> dict[Payer, Sum]:
        """What each of the payers paid."""
        self._flush()
        rows = self._scratch.execute(SUMS.format(self._number))
        found = {Payer(payer): Sum(*rest) for payer, *rest in rows}
        return {payer: found.get(payer, Sum()) for payer in Payer}

    def bill(self, paid_usd: float, seconds: float, stopped: str) -> Bill:
        """The bill of a run that took so long and paid so much."""
        sums = self.sums()
        return Bill(
            sum(one.tokens_in for one in sums.values()),
            sum(one.tokens_out for one in sums.values()),
            paid_usd,
            sums[Payer.EARLIER].usd,
            sums[Payer.OTHERS].usd,
            seconds,
            stopped,
        )

    def _flush(self) -> None:
        try:
            self._scratch.executemany(COUNT.format(self._number), sorted(self._newest))
        except sqlite3.OperationalError as error:
            raise OSError(errno.ENOSPC, f"the scratch of the journal is full ({error})") from error
        self._newest.clear()
