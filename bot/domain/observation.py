"""What was seen on the Hub, and when: plain values that `plan` reads and nothing else.

Floor of words. Every text in here that a stranger wrote (title, body, comment) is hostile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.community import Community
from bot.domain.request import Step


class JobStage(StrEnum):
    """Stages of a Job as the Hub names them (huggingface_hub `JobStage`)."""

    SCHEDULING = "SCHEDULING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    CANCELED = "CANCELED"
    DELETED = "DELETED"

    @property
    def is_final(self) -> bool:
        return self not in (JobStage.SCHEDULING, JobStage.RUNNING)


@dataclass(frozen=True)
class OwnReply:
    """A comment of the bot itself, by the marker that it carries."""

    id: str
    marker: str


@dataclass(frozen=True)
class Comment:
    """A comment of anybody else; `at` is epoch seconds. Its text is hostile."""

    author: str
    text: str
    created_at: float


@dataclass(frozen=True)
class Discussion:
    """One discussion; `said` holds the bot's own comments, `remarks` all others but the first.

    `seen`: when it was looked at, where that was before the observation.
    """

    num: int
    title: str
    body: str
    author: str
    open: bool
    created_at: float
    own_replies: tuple[OwnReply, ...] = ()
    comments: tuple[Comment, ...] = ()
    observed_at: float = float("inf")


@dataclass(frozen=True)
class Job:
    """One Job of ours, found by its labels; times in epoch seconds, 0.0 when unknown.

    `log_tail`: the last lines of its log, scrubbed of secrets, where they were looked at.
    `cancel_reason`: why the Hub itself cancelled it, such as NO_CREDITS; empty for all others.
    """

    id: str
    url: str
    request: str
    step: Step
    attempt: int
    stage: JobStage
    created_at: float
    started_at: float = 0.0
    finished_at: float = 0.0
    log_tail: tuple[str, ...] = ()
    cancel_reason: str = ""

    def seconds(self, now: float) -> float:
        """How long it has been running, as it is billed."""
        if not self.started_at:
            return 0.0
        return max(0.0, (self.finished_at if self.stage.is_final else now) - self.started_at)


@dataclass(frozen=True)
class Score:
    """One line of an evaluation: chrF++ in 0..100, accuracy in 0..1."""

    benchmark: str
    direction: str
    metric: str
    base: float
    adapter: float
    low: float
    high: float
    significant: bool


ADVICE_LEVELS = ("good", "doubtful", "hopeless")
CHECK_METRICS = (
    *("answered", "script", "language", "structured", "chrf", "round_trip"),
    *("fertility", "bytes"),
)


@dataclass(frozen=True)
class Shortfall:
    """Something that does not reach its floor (or passes its ceiling): what, seen and wanted."""

    metric: str
    value: float
    threshold: float


@dataclass(frozen=True)
class Advice:
    """What the check says: `good`, `doubtful` or `hopeless`, and figures, None when unknown.

    `script` is a share, `chrf` and `round_trip` are chrF++, `fertility` is in times of English.
    """

    level: str
    shortfalls: tuple[Shortfall, ...] = ()
    script: float | None = None
    chrf: float | None = None
    round_trip: float | None = None
    fertility: float | None = None


@dataclass(frozen=True)
class Version:
    """A version of an adapter, like `v2`; `fresh`: it was made now, not before."""

    tag: str
    promoted: bool
    fresh: bool


@dataclass(frozen=True)
class Manifest:
    """What the bot needs of a recipe's `run.json`; `english`: the same tests in English.

    `stopped`: why the recipe ended before it was through, empty when it was. `version`: what was
    compared with the one in use, whether it took its place, and whether it was made for this.
    """

    digest: str
    attempt: int
    kept: int
    dropped: int
    seconds: float
    cost_usd: float
    advice: Advice | None = None
    scores: tuple[Score, ...] = ()
    english: tuple[Score, ...] = ()
    not_covered: tuple[str, ...] = ()
    stopped: str = ""
    version: Version | None = None


@dataclass(frozen=True)
class Teacher:
    """The teacher's Inference Endpoint; `url` only while it answers."""

    state: str = "absent"
    url: str = ""

    @property
    def is_running(self) -> bool:
        return self.state == "running" and bool(self.url)


@dataclass(frozen=True)
class Observation:
    """One observation. `now` is its moment, in epoch seconds; `code` the commit of the wheel.

    A request whose discussion is neither among the `discussions` nor `gone` was not looked at.
    """

    now: float
    discussions: Mapping[int, Discussion] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()
    maintainers: frozenset[str] = frozenset()
    jobs: tuple[Job, ...] = ()
    manifests: Mapping[tuple[str, Step], Manifest] = field(default_factory=dict)
    teacher: Teacher = Teacher()
    prices: Mapping[str, float] = field(default_factory=dict)
    wheel_revision: str = ""
    communities: Mapping[str, Community] = field(default_factory=dict)

    def community(self, language: str) -> Community:
        """What the speakers decided; everything is open where they have not spoken."""
        return self.communities.get(language, Community())

    def job(self, request: str, step: Step, attempt: int) -> Job | None:
        """The job of this attempt; of two (a doubled launch) the one that got further."""
        mine = [j for j in self.jobs if (j.request, j.step, j.attempt) == (request, step, attempt)]
        return min(mine, key=lambda job: (job.stage.is_final, job.created_at), default=None)
