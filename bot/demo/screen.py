"""What the terminal shows: bars for a person, plain lines for a file."""

from __future__ import annotations

import threading
import time
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.domain.request import State, Step, StepRecord

EVERY = 5.0

_WORDS = {
    State.WAITING: "waits",
    State.ORDERED: "is ordered",
    State.RUNNING: "runs",
    State.MADE: "is done",
    State.FAILED: "failed",
}


class Screen:
    """Thread-safe; logs of jobs arrive from threads of their own."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True, highlight=False)
        self._lock = threading.Lock()
        self._begun = time.monotonic()
        self._bar: Progress | None = None
        self._tasks: dict[Step, TaskID] = {}
        self._last: dict[Step, float] = {}

    def line(self, text: str) -> None:
        with self._lock:
            self._console.print(f"[dim]{self._clock()}[/] ", end="")
            self._console.print(text, markup=False)

    def _clock(self) -> str:
        return f"{time.monotonic() - self._begun:6.1f} s"

    def reply(self, author: str, text: str) -> None:
        """A comment as it was when it appeared; later edits are not shown again."""
        self.line(f"{author} replies:")
        shown = "\n".join(line for line in text.splitlines() if not line.startswith("<!--"))
        with self._lock:
            self._console.print(Markdown(shown), style="dim")

    def step(self, step: Step, record: StepRecord) -> None:
        """A step has moved on."""
        job = f" as job {record.job}" if record.state is State.RUNNING else ""
        note = f": {record.note}" if record.note else ""
        self.line(f"{step.value} {_WORDS[record.state]}{job}{note}")
        if record.state in (State.MADE, State.FAILED):
            self._drop_bar(step)

    def progress(self, step: Step, done: int, total: int, note: str) -> None:
        """The running step's own words: a bar on a terminal, a line now and then elsewhere."""
        if self._console.is_terminal:
            self._move_bar(step, done, total, note)
        elif time.monotonic() - self._last.get(step, 0.0) >= EVERY or done == total:
            self._last[step] = time.monotonic()
            self.line(f"{step.value} {done}/{total} {note}")

    def _move_bar(self, step: Step, done: int, total: int, note: str) -> None:
        with self._lock:
            if self._bar is None:
                self._bar = Progress(
                    TextColumn("{task.description:>10}"),
                    BarColumn(),
                    TextColumn("{task.percentage:>3.0f}% {task.fields[note]}", markup=False),
                    TimeElapsedColumn(),
                    console=self._console,
                    transient=True,
                )
                self._bar.start()
            if step not in self._tasks:
                self._tasks[step] = self._bar.add_task(step.value, total=total, note=note)
            self._bar.update(self._tasks[step], completed=done, total=total, note=note[:60])

    def _drop_bar(self, step: Step) -> None:
        with self._lock:
            task = self._tasks.pop(step, None)
            if self._bar is not None and task is not None:
                self._bar.remove_task(task)
            if self._bar is not None and not self._tasks:
                self._bar.stop()
                self._bar = None

    def end(self, story: dict[str, Any]) -> None:
        """The table base → adapter, the URLs, the seconds."""
        table = Table("test", "measure", title="base → adapter, on held-out practice benchmarks")
        for column in ("base", "adapter", "difference (95 %)"):
            table.add_column(column, justify="right")
        for row in story["table"]:
            digits = 1 if row["metric"] == "chrF++" else 3
            low, high = (f"{value:+.{digits}f}" for value in row["difference_ci"])
            mark = "" if row["significant"] else " (not significant)"
            table.add_row(
                f"{row['benchmark']} {row['direction']}".strip(),
                row["metric"],
                f"{row['base']:.{digits}f}",
                f"{row['adapter']:.{digits}f}",
                f"{low} to {high}{mark}",
            )
        with self._lock:
            self._console.print(table)
            for what, url in story["urls"].items():
                self._console.print(f"{what:>12}  {url}")
            took = ", ".join(f"{what} {seconds} s" for what, seconds in story["seconds"].items())
            self._console.print(f"{'time':>12}  {took}")

    def stay(self, urls: dict[str, str]) -> None:
        self.line(f"all of it keeps running; open {urls['discussion']} or press Ctrl-C to stop")
