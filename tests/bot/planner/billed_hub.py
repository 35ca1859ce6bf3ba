"""What a simulated Hub that bills by the second keeps: jobs and discussions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.actions import EnsureJob
from bot.domain.observation import Comment, Discussion, Job, JobStage, Manifest, OwnReply
from bot.domain.request import UnsettledJob
from tests.bot import examples

DAY = 86_400.0


@dataclass
class SimulatedJob:
    """A job on the Hub: it waits, runs and ends by itself, at its time limit, or when cancelled."""

    id: str
    order: EnsureJob
    created_at: float
    starts_at: float
    ends_at: float
    succeeds: bool
    cancelled_at: float = float("inf")
    lost: frozenset[str] = frozenset()

    def ended_at(self) -> float:
        return min(self.ends_at, self.cancelled_at)

    def stage(self, now: float) -> JobStage:
        if self.cancelled_at <= min(now, self.ends_at):
            return JobStage.CANCELED
        if now <= self.starts_at:
            return JobStage.SCHEDULING
        if now < self.ends_at:
            return JobStage.RUNNING
        return JobStage.COMPLETED if self.succeeds else JobStage.ERROR

    def billed(self) -> tuple[float, float]:
        """Return the span that the Hub bills."""
        return self.starts_at, max(self.starts_at, self.ended_at())

    def is_of(self, held: UnsettledJob) -> bool:
        return (held.step, held.attempt) == (self.order.step, self.order.attempt)

    def manifest(self) -> Manifest:
        """Return the manifest that the job pushes if it succeeds."""
        command = self.order.command
        digest = command[command.index("--digest") + 1]
        return Manifest(digest, self.order.attempt, 100, 1, 60.0, 0.0, scores=examples.SCORES)

    def shown(self, now: float) -> Job | None:
        """Return the job as the Hub shows it, without the facts that it has lost."""
        stage = self.stage(now)
        if "job" in self.lost and stage is not JobStage.SCHEDULING:
            return None
        has_started = self.starts_at <= now and self.starts_at < self.cancelled_at
        started_at = self.starts_at if has_started and "start" not in self.lost else 0.0
        finished_at = self.ended_at() if stage.is_final and "end" not in self.lost else 0.0
        order = self.order
        return Job(
            self.id,
            "",
            order.request,
            order.step,
            order.attempt,
            stage,
            self.created_at,
            started_at,
            finished_at,
        )


@dataclass
class Thread:
    """A discussion; `replies` are the markers of the bot's comments by kind."""

    num: int
    title: str
    author: str
    created_at: float
    open: bool = True
    comments: list[Comment] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)

    def shown(self, now: float) -> Discussion:
        return Discussion(
            self.num,
            self.title,
            "",
            self.author,
            self.open,
            self.created_at,
            tuple(OwnReply(kind, marker) for kind, marker in self.replies.items()),
            tuple(self.comments),
            now,
        )


def within(day: str, moment: float) -> float:
    """Return the moment of a day (UTC) that is closest to a moment."""
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
    return min(max(moment, start), start + DAY)
