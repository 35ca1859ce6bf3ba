"""The state of the Hub at one moment: all that the planner knows of the outside.

Titles, bodies and comments are untrusted text. Times are in epoch seconds, 0.0 if unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.community import Community, Consent
from bot.domain.request import Step


class JobStage(StrEnum):
    """The stages of a Job, named as on the Hub (`huggingface_hub.JobStage`)."""

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
    """A comment of the bot itself, identified by its marker."""

    id: str
    marker: str


@dataclass(frozen=True)
class Comment:
    """A comment of anybody else. Its text is untrusted."""

    id: str
    author: str
    text: str
    created_at: float


@dataclass(frozen=True)
class Discussion:
    """One discussion; `comments` are those of people, without the first post.

    It was read at `observed_at`, which may be earlier than the rest of the observation.
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
    """A Job of a request, found by its labels.

    `log_tail` are the last lines of its log without secrets, empty if the log was not read.
    `cancel_reason` says why the Hub cancelled it by itself, such as NO_CREDITS; otherwise empty.
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
        """Return how long the job has been running, as it is billed."""
        if not self.started_at:
            return 0.0
        return max(0.0, (self.finished_at if self.stage.is_final else now) - self.started_at)


# The benchmarks of manifests without `titles`.
FIRST_TITLES = {
    "flores": "Translation",
    "sib200": "Topic classification",
    "belebele": "Reading comprehension",
    "global_mmlu": "Knowledge questions",
}


@dataclass(frozen=True)
class Score:
    """One comparison of base and adapter: chrF++ from 0 to 100 or accuracy from 0 to 1.

    `low` and `high` are the confidence interval of the difference.
    """

    benchmark: str
    direction: str
    metric: str
    base: float
    adapter: float
    low: float
    high: float
    significant: bool


@dataclass(frozen=True)
class Change:
    """A mean difference from the base in points, from 0 to 100, and its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ChatScore:
    """Answers in `count` chats: accuracy (0 to 1) or chrF++ of first and of second questions."""

    metric: str
    count: int
    first: float
    second: float


@dataclass(frozen=True)
class Overall:
    """What an evaluation found: the mean gain, and what became of English.

    `verdict` is one of `VERDICTS`, empty without a test in English. English was kept if it is
    certain that not more than `margin` points were lost.
    """

    gain: Change | None = None
    english: Change | None = None
    verdict: str = ""
    margin: float = 0.0
    chat: ChatScore | None = None


VERDICTS = ("kept", "some lost", "lost", "cannot tell")
ADVICE_LEVELS = ("good", "doubtful", "hopeless")
CHECK_METRICS = (
    *("answered", "script", "language", "structured", "chrf", "round_trip"),
    *("fertility", "bytes"),
)


@dataclass(frozen=True)
class Shortfall:
    """A metric of the check that misses its threshold."""

    metric: str
    value: float
    threshold: float


@dataclass(frozen=True)
class Advice:
    """The result of the check: a level and its most important metrics, None if not measured.

    `script` is a share, `chrf` and `round_trip` are chrF++ from 0 to 100, and `fertility` is the
    number of the base's tokens divided by that of the same text in English, `teacher_fertility`
    that of the teacher's. `looks_like` is the language that the teacher's texts seem to be in,
    empty if it is the right one.
    """

    level: str
    shortfalls: tuple[Shortfall, ...] = ()
    script: float | None = None
    chrf: float | None = None
    round_trip: float | None = None
    fertility: float | None = None
    teacher_fertility: float = 0.0
    looks_like: str = ""


@dataclass(frozen=True)
class Version:
    """A version of an adapter, like `v2`; `fresh` if this request made it.

    `gain_before` is what the version before it gains over the base, None if unknown.
    """

    tag: str
    promoted: bool
    fresh: bool
    gain_before: Change | None = None


@dataclass(frozen=True)
class TooFewCorrections:
    """Why there is no next version: only `usable` corrections can be used, and `needed` are."""

    usable: int
    needed: int


@dataclass(frozen=True)
class Manifest:
    """The parts of a recipe's `run.json` that the bot uses.

    `stopped` is `cap` if the recipe ended early because its money was spent. `version` is the
    version that was compared with the current one, or why there is none. `titles` says what each
    benchmark tests.
    """

    digest: str
    attempt: int
    kept: int
    dropped: int
    seconds: float
    cost_usd: float
    advice: Advice | None = None
    scores: tuple[Score, ...] = ()
    overall: Overall = Overall()
    not_covered: tuple[str, ...] = ()
    stopped: str = ""
    version: Version | TooFewCorrections | None = None
    titles: Mapping[str, str] = field(default_factory=FIRST_TITLES.copy, hash=False)


# The states of an endpoint that somebody has paused or deleted, of one that has failed, and of all
# that cost nothing.
PAUSED_STATES = ("absent", "paused")
FAILED_STATES = ("failed", "updateFailed")
STOPPED_STATES = (*PAUSED_STATES, "scaledToZero", *FAILED_STATES)


@dataclass(frozen=True)
class Teacher:
    """The teacher's Inference Endpoint; it has a `url` while it answers."""

    state: str = "absent"
    url: str = ""

    @property
    def is_running(self) -> bool:
        return self.state == "running" and bool(self.url)


@dataclass(frozen=True)
class Observation:
    """What was observed at the time `now`.

    A discussion that is neither in `discussions` nor in `deleted` was not read. If it is
    `unreadable`, the Hub did not show all that its request depends on, so nothing may be concluded
    from what is missing. `wheel_revision` is the commit that new requests pin. `communities` is
    None if the profiles were not read. `feedback` has the number of answers of each language about
    which people have said something, and is None if they were not counted.
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
    communities: Mapping[str, Community] | None = None
    feedback: Mapping[str, int] | None = None
    unreadable: frozenset[int] = frozenset()

    def community(self, language: str) -> Community:
        """Return the profile of a language; without one, everything is allowed."""
        if self.communities is None:
            return Community(Consent.ASK)
        return self.communities.get(language, Community())

    def jobs_of(self, request: str, step: Step, attempt: int) -> list[Job]:
        """Return the jobs of this attempt; two if it was started twice."""
        key = (request, step, attempt)
        return [job for job in self.jobs if (job.request, job.step, job.attempt) == key]

    def job(self, request: str, step: Step, attempt: int) -> Job | None:
        """Return the job of this attempt; of two (a double launch), the one that got further."""
        jobs = self.jobs_of(request, step, attempt)
        return min(jobs, key=lambda job: (job.stage.is_final, job.created_at), default=None)
