"""Tokens and cost of the answers of a dataset, each counted once.

An answer may be needed many times but is paid for once: by this run, by an earlier one for the
language, or by one for another language. Which answers were counted is kept on disk, in the
journal's scratch database.
"""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

CREATE_TABLE = """CREATE TABLE counted{} (key BLOB PRIMARY KEY, payer INT, tokens_in INT,
                  tokens_out INT, usd REAL) WITHOUT ROWID"""
INSERT = "INSERT OR IGNORE INTO counted{} VALUES (?, ?, ?, ?, ?)"
SUMS = "SELECT payer, sum(tokens_in), sum(tokens_out), sum(usd) FROM counted{} GROUP BY payer"
BATCH_ANSWERS = 1_000


class Payer(IntEnum):
    """The run that paid for an answer."""

    THIS_RUN = auto()
    EARLIER_RUN = auto()
    OTHER_LANGUAGE = auto()


class Usage(NamedTuple):
    """Tokens and US dollars of some answers."""

    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0


@dataclass(frozen=True)
class UsageReport:
    """What a dataset took.

    tokens_in, tokens_out: of all answers in the dataset
    paid_usd: spent by this run
    earlier_runs_usd: spent on its answers by earlier runs for the language
    other_languages_usd: spent on its answers by runs for other languages
    seconds: of this run
    stop_reason: why the run ended early, empty if it did not
    """

    tokens_in: int
    tokens_out: int
    paid_usd: float
    earlier_runs_usd: float
    other_languages_usd: float
    seconds: float
    stop_reason: str = ""

    @property
    def usd(self) -> float:
        """US dollars that all runs for this language spent."""
        return self.paid_usd + self.earlier_runs_usd

    def __str__(self) -> str:
        return (
            f"used: {self.tokens_in:,} tokens read and {self.tokens_out:,} written; "
            f"${self.paid_usd:.2f} in this run, ${self.earlier_runs_usd:.2f} in earlier runs, "
            f"${self.other_languages_usd:.2f} in runs for other languages"
        )


class UsageCounter:
    """Counts each answer once; `number` tells it from other counters in the same database."""

    def __init__(self, database: sqlite3.Connection, number: int) -> None:
        self._database, self._number = database, number
        self._pending: list[tuple[bytes, Payer, int, int, float]] = []
        database.execute(CREATE_TABLE.format(number))

    def add(self, key: str, payer: Payer, tokens_in: int, tokens_out: int, usd: float) -> None:
        """Count an answer unless it was counted; raises OSError when the disk is full."""
        self._pending.append((bytes.fromhex(key), payer, tokens_in, tokens_out, usd))
        if len(self._pending) >= BATCH_ANSWERS:
            self._flush()

    def by_payer(self) -> dict[Payer, Usage]:
        """Return the usage that each payer paid for."""
        self._flush()
        rows = self._database.execute(SUMS.format(self._number))
        sums = {Payer(payer): Usage(*values) for payer, *values in rows}
        return {payer: sums.get(payer, Usage()) for payer in Payer}

    def report(self, paid_usd: float, seconds: float, stop_reason: str) -> UsageReport:
        """Return the report of a run that spent this much money and time."""
        by_payer = self.by_payer()
        return UsageReport(
            sum(usage.tokens_in for usage in by_payer.values()),
            sum(usage.tokens_out for usage in by_payer.values()),
            paid_usd,
            by_payer[Payer.EARLIER_RUN].usd,
            by_payer[Payer.OTHER_LANGUAGE].usd,
            seconds,
            stop_reason,
        )

    def _flush(self) -> None:
        try:
            self._database.executemany(INSERT.format(self._number), sorted(self._pending))
        except sqlite3.OperationalError as error:
            raise OSError(
                errno.ENOSPC, f"the journal's scratch database is full ({error})"
            ) from error
        self._pending.clear()
