"""Committed figures of benchmarks: `make bench` compares with them, the README shows them.

After a real improvement, write the new value, date and commit into `baselines.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("baselines.json")
# How much worse a figure may be on another, or a busy, machine.
TOLERANCE = 2.0


@dataclass(frozen=True)
class Baseline:
    """A figure that a command measured at a commit; `better` is "higher" or "lower"."""

    name: str
    better: str
    value: float
    unit: str
    date: str
    commit: str
    command: str

    def allows(self, value: float) -> bool:
        """Whether a figure is not much worse than this one."""
        if self.better == "higher":
            return value >= self.value / TOLERANCE
        return value <= self.value * TOLERANCE

    def markdown(self) -> str:
        """Return the row of the README's table."""
        figure = f"{self.value:,g} {self.unit}"
        return f"| {self.name} | {figure} | {self.date}, `{self.commit}` | `{self.command}` |"


def load() -> dict[str, Baseline]:
    """Return the baselines by name."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return {row["name"]: Baseline(**row) for row in rows}


def compare(name: str, value: float) -> None:
    """Print a figure beside its baseline. Raises AssertionError if it is much worse."""
    baseline = load()[name]
    print(f"\n  {name}: {value:,.4g} {baseline.unit} (baseline {baseline.value:,g})")
    assert baseline.allows(value), f"{name}: much worse than {baseline.value:,g} {baseline.unit}"
