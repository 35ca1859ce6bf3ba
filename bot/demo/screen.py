"""Print progress: bars in a terminal, plain lines in a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.domain.request import Step, StepRecord, StepState
from bot.replies.phrases import metric_name, score_text

# Seconds between two progress lines of a step where there is no bar.
LINE_INTERVAL = 5.0

_VERBS = {
    StepState.WAITING: "waits",
    StepState.ORDERED: "is starting",
    StepState.RUNNING: "is running",
    StepState.MADE: "is done",
    StepState.FAILED: "has failed",
}


class Screen:
    """The terminal. Thread-safe, because the logs of jobs arrive in threads of their own."""

    def __init__(self) -> None:
        self._console = Console(soft_wrap=True, highlight=False)
        self._lock = threading.Lock()
        self._started_at = time.monotonic()
        self._bars: Progress | None = None
        self._bar_ids: dict[Step, TaskID] = {}
        self._last_line_at: dict[Step, float] = {}

    def line(self, text: str) -> None:
        """Print one line with the seconds since the start."""
        with self._lock:
            self._console.print(f"[dim]{time.monotonic() - self._started_at:6.1f} s[/] ", end="")
            self._console.print(text, markup=False)

    def reply(self, author: str, text: str) -> None:
        """Print a new comment; later edits are not shown."""
        self.line(f"{author} replies:")
        visible = "\n".join(line for line in text.splitlines() if not line.startswith("<!--"))
        with self._lock:
            self._console.print(Markdown(visible), style="dim")

    def step(self, step: Step, record: StepRecord) -> None:
        """Print the new state of a step."""
        job = f" as job {record.job_id}" if record.state is StepState.RUNNING else ""
        note = f": {record.note}" if record.note else ""
        self.line(f"{step.value} {_VERBS[record.state]}{job}{note}")
        if record.state in (StepState.MADE, StepState.FAILED):
            self._remove_bar(step)

    def progress(self, step: Step, done: int, total: int, note: str) -> None:
        """Show how far a running step is, in the units of the step."""
        if self._console.is_terminal:
            self._update_bar(step, done, total, note)
            return
        now = time.monotonic()
        if now - self._last_line_at.get(step, 0.0) >= LINE_INTERVAL or done == total:
            self._last_line_at[step] = now
            self.line(f"{step.value} {done}/{total} {note}")

    def _update_bar(self, step: Step, done: int, total: int, note: str) -> None:
        with self._lock:
            if self._bars is None:
                self._bars = Progress(
                    TextColumn("{task.description:>10}"),
                    BarColumn(),
                    TextColumn("{task.percentage:>3.0f}% {task.fields[note]}", markup=False),
                    TimeElapsedColumn(),
                    console=self._console,
                    transient=True,
                )
                self._bars.start()
            if step not in self._bar_ids:
                self._bar_ids[step] = self._bars.add_task(step.value, total=total, note=note)
            self._bars.update(self._bar_ids[step], completed=done, total=total, note=note[:60])

    def _remove_bar(self, step: Step) -> None:
        with self._lock:
            bar_id = self._bar_ids.pop(step, None)
            if self._bars is not None and bar_id is not None:
                self._bars.remove_task(bar_id)
            if self._bars is not None and not self._bar_ids:
                self._bars.stop()
                self._bars = None

    def result(self, result: dict[str, Any]) -> None:
        """Print the comparison of base and adapter, the URLs, and the seconds of each step."""
        table = Table("test", title="Base model and adapter on held-out practice data")
        for column in ("base", "adapter", "difference (95% interval)"):
            table.add_column(column, justify="right")
        for row in result["table"]:
            scores = (score_text(row["metric"], row[model]) for model in ("base", "adapter"))
            table.add_row(row["test"], *scores, row["difference"])
        if chat := result["chat"]:
            for turn in ("first", "second"):
                metric, value = metric_name(chat["metric"]), score_text(chat["metric"], chat[turn])
                table.add_row(f"Asked in a chat, {turn} question, {metric}", "", value, "")
        times = ", ".join(f"{name} {seconds} s" for name, seconds in result["seconds"].items())
        with self._lock:
            self._console.print(table)
            for name, text in _aligned({**result["urls"], "time": times}):
                self._console.print(f"{name}  {text}")


def _aligned(texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return the texts with their names, which end in one column."""
    width = max(map(len, texts))
    return ((name.rjust(width), text) for name, text in texts.items())
