"""What the ledger stores about a request: only what the Hub does not show.

`codec` turns these dataclasses into JSON. All times are in epoch seconds, 0.0 if there was none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.language import Language

# The key of `Request.replied_at` for closing the discussion; the other keys are kinds of replies.
CLOSING = "close"


class Step(StrEnum):
    """The recipes, in the order in which they run; IMPROVE is the only step of its requests."""

    CHECK = "check"
    GENERATE = "generate"
    TRAIN = "train"
    EVALUATE = "evaluate"
    IMPROVE = "improve"


class StepState(StrEnum):
    """The state of a step, as the status table last showed it."""

    WAITING = "waiting"
    ORDERED = "ordered"
    RUNNING = "running"
    MADE = "made"
    FAILED = "failed"


class Status(StrEnum):
    """The state of a request.

    ASKED waits for the answer to a question, HELD for an approval. FAILED may be retried. DONE,
    DECLINED and CANCELLED are final.
    """

    ASKED = "asked"
    HELD = "held"
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


LIVE = (Status.ASKED, Status.HELD, Status.OPEN)


class Verdict(StrEnum):
    """Why a request is asked about, held, declined, failed or cancelled."""

    NONE = ""
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    SCRIPT = "script"
    NO_NAME = "no-name"
    TOO_LONG = "too-long"
    NO_TEACHER = "no-teacher"
    DUPLICATE = "duplicate"
    NO_MODEL = "no-model"
    TOO_FEW = "too-few"
    CONFIRM = "confirm"
    TOO_DEAR = "too-dear"
    COMMUNITY = "community"
    WITHDRAWN = "withdrawn"
    TOO_MANY = "too-many"
    FULL = "full"
    ATTEMPTS = "attempts"
    TEACHER = "teacher"
    HOPELESS = "hopeless"
    BUDGET = "budget"
    NO_CREDIT = "no-credit"
    UNWORKABLE = "unworkable"
    CLOSED = "closed"
    STOPPED = "stopped"
    UNANSWERED = "unanswered"


class Reason(StrEnum):
    """Why an attempt failed, or why its result advises against the next step."""

    NONE = ""
    ERROR = "error"
    CANCELED = "canceled"
    NOTHING_MADE = "nothing-made"
    STUCK = "stuck"
    OVERDUE = "overdue"
    VANISHED = "vanished"
    NO_CREDIT = "no-credit"
    UNWORKABLE = "unworkable"
    HOPELESS = "hopeless"


class Command(StrEnum):
    """What a comment can ask the bot to do."""

    STATUS = "status"
    ESTIMATE = "estimate"
    HELP = "help"
    UNKNOWN = "unknown"  # answered with the help
    CANCEL = "cancel"
    RETRY = "retry"
    APPROVE = "approve"


@dataclass(frozen=True)
class Spec:
    """What was agreed when the request was accepted.

    `digest` identifies the recipe's text and the language. `wheel_revision` is the commit of the
    wheel that jobs install. `refused_options` are keys of options that were understood but are not
    available, `unread_lines` numbers of lines that look like an option but are none. An empty
    `licence` means the recipe's, an empty `variant` the language itself. If `improves`, the request
    is for the next version of an existing model. `fertility` is the number of tokens that the
    teacher needs in the language where English needs one, 0.0 before a check has measured it.
    """

    language: Language
    recipe_name: str
    base: str
    digest: str
    wheel_revision: str
    estimate_usd: float
    cap_usd: float = 0.0
    refused_options: tuple[str, ...] = ()
    unread_lines: tuple[int, ...] = ()
    licence: str = ""
    variant: str = ""
    improves: bool = False
    fertility: float = 0.0

    @property
    def key(self) -> str:
        """The language and its variant, as they appear in the names of repos."""
        return "-".join(filter(None, (self.language.code, self.variant)))


@dataclass(frozen=True)
class StepRecord:
    """One step of one request.

    `attempt` numbers the jobs from 1. `seconds` is the duration of the successful attempt,
    `cost_usd` the cost of all settled attempts and of the teacher. `reason` and `log_tail`
    (redacted) are of the last failure.
    """

    state: StepState = StepState.WAITING
    attempt: int = 0
    attempts_since_retry: int = 0
    ordered_at: float = 0.0
    job_id: str = ""
    note: str = ""
    seconds: float = 0.0
    cost_usd: float = 0.0
    reason: Reason = Reason.NONE
    log_tail: tuple[str, ...] = ()
    progress_tenths: int = 0

    @property
    def is_active(self) -> bool:
        """Whether a job for this step is running, or was ordered."""
        return self.state in (StepState.ORDERED, StepState.RUNNING)


@dataclass(frozen=True)
class UnsettledJob:
    """A job that was ordered and whose cost is not known yet, as it may still run.

    It costs `usd_per_hour` (without the teacher; 0.0 if unknown) and at most `hold_usd`, of which
    `tokens_usd` are for the tokens of a teacher that is paid by the token. `appeared`: it was seen
    on the Hub; `started`: it was seen running.
    """

    step: Step
    attempt: int
    ordered_at: float
    usd_per_hour: float
    hold_usd: float
    tokens_usd: float = 0.0
    appeared: bool = False
    started: bool = False


@dataclass(frozen=True)
class DayUse:
    """What a request has cost on one day, and how often the teacher was started for it."""

    usd: float = 0.0
    starts: int = 0


@dataclass(frozen=True)
class Answer:
    """The answer to a command; `note` is the bot's text at that moment."""

    command: Command
    allowed: bool
    note: str = ""


@dataclass(frozen=True)
class Request:
    """One request for one language.

    `choices` are the language codes that the bot asks about (or that its refusal names). The budget
    has been reserved since `reserved_at`. `replied_at` maps each kind of reply to the time when it
    was last ordered. `last_comment_at` is the time of the last comment that was considered,
    `last_comment_ids` are those of that time that were (empty in old records, which mean all), and
    `comments_read` is the number of people's comments until then. `revision` counts the commits
    that changed the record. `reported`: nothing is left to reply; `archived`: comments are no
    longer read either. `consented`: somebody who may has approved it for the language's community.
    `unsettled` are the jobs that may still cost money, and `days` is what was paid on each day
    (UTC, like 2026-01-31).
    """

    id: str
    discussion: int
    author: str
    opened_at: float
    status: Status = Status.OPEN
    verdict: Verdict = Verdict.NONE
    choices: tuple[str, ...] = ()
    spec: Spec | None = None
    steps: Mapping[Step, StepRecord] = field(default_factory=dict)
    reserved_at: float = 0.0
    replied_at: Mapping[str, float] = field(default_factory=dict)
    last_comment_at: float = 0.0
    last_comment_ids: tuple[str, ...] = ()
    comments_read: int = 0
    answers: tuple[Answer, ...] = ()
    retries: int = 0
    revision: int = 1
    reported: bool = False
    archived: bool = False
    consented: bool = False
    unsettled: tuple[UnsettledJob, ...] = ()
    days: Mapping[str, DayUse] = field(default_factory=dict)

    def step(self, step: Step) -> StepRecord:
        return self.steps.get(step, StepRecord())

    def with_step(self, step: Step, record: StepRecord) -> Request:
        return replace(self, steps={**self.steps, step: record})

    @property
    def agreed_spec(self) -> Spec:
        """The spec of an accepted request. Raises ValueError for one that was not accepted."""
        if self.spec is None:
            raise ValueError(f"request {self.id} was never accepted")
        return self.spec

    @property
    def spent_usd(self) -> float:
        """What was paid so far, without the jobs that are not settled."""
        return sum(record.cost_usd for record in self.steps.values())

    @property
    def held_usd(self) -> float:
        """The most that the jobs which are not settled may cost."""
        return sum(job.hold_usd for job in self.unsettled)

    def used_on(self, day: str) -> DayUse:
        return self.days.get(day, DayUse())

    @property
    def may_pin_wheel(self) -> bool:
        """Whether the next comment may accept it, which pins a wheel and asks the community."""
        return self.status in (Status.ASKED, Status.FAILED) or self.verdict is Verdict.COMMUNITY

    @property
    def expected_comments(self) -> int:
        """How many comments, with the first post, its discussion has if nothing is new."""
        return 1 + self.comments_read + sum(kind != CLOSING for kind in self.replied_at)

    @property
    def last_reply_at(self) -> float:
        return max(self.replied_at.values(), default=0.0)


@dataclass(frozen=True)
class TeacherRecord:
    """The last order to the teacher's endpoint: to run (since `ordered_at`) or to pause.

    `paused_at` is the time of the last order to pause, `failed_starts` the number of orders to run
    since it last ran. While it costs money, `payers` are the ids of the requests that share the
    cost since `charged_until`; what it cost before was charged. `charged_until` is 0.0 if it costs
    nothing.
    """

    running: bool = False
    ordered_at: float = 0.0
    failed_starts: int = 0
    paused_at: float = 0.0
    charged_until: float = 0.0
    payers: tuple[str, ...] = ()
