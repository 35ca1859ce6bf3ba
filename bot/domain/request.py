"""What the ledger remembers of one request: only what cannot be observed on the Hub.

Floor of words: frozen dataclasses and their JSON. Nothing here decides, reads or writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.language import Language

# The kind under which `said` keeps when the discussion was closed; all others are comments.
CLOSING = "close"


class Step(StrEnum):
    """The recipes, in the order in which they run; IMPROVE is for requests of its own."""

    CHECK = "check"
    GENERATE = "generate"
    TRAIN = "train"
    EVALUATE = "evaluate"
    IMPROVE = "improve"


class StepState(StrEnum):
    """How far a step is, as last told to the people who wait for it."""

    WAITING = "waiting"
    ORDERED = "ordered"
    RUNNING = "running"
    MADE = "made"
    FAILED = "failed"


class Status(StrEnum):
    """How far a request is.

    ASKED waits for the answer to a question, HELD for a maintainer's word; FAILED may be retried;
    DONE, DECLINED and CANCELLED are final.
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
    """Why a request is asked about, held or not taken, or did not end well."""

    NONE = ""
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    SCRIPT = "script"
    NO_NAME = "no-name"
    TOO_LONG = "too-long"
    NO_TEACHER = "no-teacher"
    DUPLICATE = "duplicate"
    NO_MODEL = "no-model"
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
    CLOSED = "closed"
    STOPPED = "stopped"
    UNANSWERED = "unanswered"


class Reason(StrEnum):
    """Why an attempt failed, or why what it made speaks against going on."""

    NONE = ""
    ERROR = "error"
    CANCELED = "canceled"
    NOTHING_MADE = "nothing-made"
    STUCK = "stuck"
    OVERDUE = "overdue"
    VANISHED = "vanished"
    NO_CREDIT = "no-credit"
    HOPELESS = "hopeless"


class Command(StrEnum):
    """What a comment asks of the bot."""

    STATUS = "status"
    ESTIMATE = "estimate"
    HELP = "help"
    CANCEL = "cancel"
    RETRY = "retry"
    APPROVE = "approve"


@dataclass(frozen=True)
class Spec:
    """What was agreed when the request was taken; `digest` binds it to one configuration.

    `licence` and `variant` are empty for the recipe's licence and the language as such; `improves`:
    asked for is the next version of a model that is there.
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

    @property
    def key(self) -> str:
        """The language and its variant, as repositories are named after them."""
        return "-".join(filter(None, (self.language.code, self.variant)))


@dataclass(frozen=True)
class StepRecord:
    """One step of one request.

    `attempt` counts all jobs, `tries` those since the last /retry; `ordered` is epoch seconds;
    `seconds` is what the good attempt took, dollars what all of them did; `tail` holds the last
    words of a failed one, scrubbed; `progress` is in tenths.
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
        """Whether a job stands for this step, or should by now."""
        return self.state in (StepState.ORDERED, StepState.RUNNING)


@dataclass(frozen=True)
class Answer:
    """What was answered to a command; `note` is our own text at that moment."""

    command: Command
    allowed: bool
    note: str = ""


@dataclass(frozen=True)
class Request:
    """One request for one language.

    `reserved`: when its money was set aside; `said`: when each kind of comment was last ordered;
    `heard`: the moment of the last comment that was considered, and `remarks` how many people had
    made by then; `turn` counts its commits;
    `told`: all is said; `over`: nobody listens any more. Times in epoch seconds.
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
    comments_read: int = 0
    answers: tuple[Answer, ...] = ()
    retries: int = 0
    revision: int = 1
    reported: bool = False
    archived: bool = False

    def step(self, step: Step) -> StepRecord:
        return self.steps.get(step, StepRecord())

    def with_step(self, step: Step, record: StepRecord) -> Request:
        return replace(self, steps={**self.steps, step: record})

    @property
    def agreed_spec(self) -> Spec:
        """The spec of a request that was taken; a declined one has none."""
        if self.spec is None:
            raise ValueError(f"request {self.id} was never agreed")
        return self.spec

    @property
    def spent_usd(self) -> float:
        return sum(record.cost_usd for record in self.steps.values())

    @property
    def may_pin_wheel(self) -> bool:
        """Whether the next word of a person may make it pin a wheel, or needs a community's."""
        return self.status in (Status.ASKED, Status.FAILED) or self.verdict is Verdict.COMMUNITY

    @property
    def expected_comments(self) -> int:
        """How many its discussion has, the first one too, when all is heard and said."""
        return 1 + self.comments_read + sum(kind != CLOSING for kind in self.replied_at)

    @property
    def last_reply_at(self) -> float:
        return max(self.replied_at.values(), default=0.0)


@dataclass(frozen=True)
class TeacherRecord:
    """What the endpoint was last told.

    `ordered` and `rested`: when it was last told to run and to pause; `tries` counts vain attempts
    to get it running.
    """

    running: bool = False
    ordered_at: float = 0.0
    failed_starts: int = 0
    paused_at: float = 0.0
