"""What the ledger remembers of one request: only what cannot be observed on the Hub.

Floor of words: frozen dataclasses and their JSON. Nothing here decides, reads or writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bot.errors import Failure
from bot.language import Language, by_code

SCHEMA = 2

# The kind under which `said` keeps when the discussion was closed; all others are comments.
CLOSING = "close"


class Step(StrEnum):
    """The recipes, in the order in which they run; IMPROVE is for requests of its own."""

    CHECK = "check"
    GENERATE = "generate"
    TRAIN = "train"
    EVALUATE = "evaluate"
    IMPROVE = "improve"


class State(StrEnum):
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
    HOPELESS = "hopeless"


class Word(StrEnum):
    """What a comment asks of the bot."""

    STATUS = "status"
    ESTIMATE = "estimate"
    HELP = "help"
    CANCEL = "cancel"
    RETRY = "retry"
    APPROVE = "approve"


class ForeignRecord(Failure):
    """A file of the ledger that this version cannot read; the message says what was seen."""


@dataclass(frozen=True)
class Spec:
    """What was agreed when the request was taken; `digest` binds it to one configuration.

    `licence` and `variant` are empty for the recipe's licence and the language as such; `improves`:
    asked for is the next version of a model that is there.
    """

    language: Language
    recipe: str
    base: str
    digest: str
    code: str
    estimate_usd: float
    cap_usd: float = 0.0
    refused: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()
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

    state: State = State.WAITING
    attempt: int = 0
    tries: int = 0
    ordered: float = 0.0
    job: str = ""
    note: str = ""
    seconds: float = 0.0
    cost_usd: float = 0.0
    reason: Reason = Reason.NONE
    tail: tuple[str, ...] = ()
    progress: int = 0

    @property
    def at_work(self) -> bool:
        """Whether a job stands for this step, or should by now."""
        return self.state in (State.ORDERED, State.RUNNING)


@dataclass(frozen=True)
class Answer:
    """What was answered to a command; `note` is our own text at that moment."""

    word: Word
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
    opened: float
    status: Status = Status.OPEN
    verdict: Verdict = Verdict.NONE
    choices: tuple[str, ...] = ()
    spec: Spec | None = None
    steps: Mapping[Step, StepRecord] = field(default_factory=dict)
    reserved: float = 0.0
    said: Mapping[str, float] = field(default_factory=dict)
    heard: float = 0.0
    remarks: int = 0
    answers: tuple[Answer, ...] = ()
    retries: int = 0
    turn: int = 1
    told: bool = False
    over: bool = False

    def step(self, step: Step) -> StepRecord:
        return self.steps.get(step, StepRecord())

    def with_step(self, step: Step, record: StepRecord) -> Request:
        return replace(self, steps={**self.steps, step: record})

    @property
    def agreed(self) -> Spec:
        """The spec of a request that was taken; a declined one has none."""
        if self.spec is None:
            raise ValueError(f"request {self.id} was never agreed")
        return self.spec

    @property
    def spent_usd(self) -> float:
        return sum(record.cost_usd for record in self.steps.values())

    @property
    def pins(self) -> bool:
        """Whether the next word of a person may make it pin a wheel, or needs a community's."""
        return self.status in (Status.ASKED, Status.FAILED) or self.verdict is Verdict.COMMUNITY

    @property
    def comments(self) -> int:
        """How many its discussion has, the first one too, when all is heard and said."""
        return 1 + self.remarks + sum(kind != CLOSING for kind in self.said)

    @property
    def last_said(self) -> float:
        return max(self.said.values(), default=0.0)


@dataclass(frozen=True)
class TeacherRecord:
    """What the endpoint was last told.

    `ordered` and `rested`: when it was last told to run and to pause; `tries` counts vain attempts
    to get it running.
    """

    running: bool = False
    ordered: float = 0.0
    tries: int = 0
    rested: float = 0.0


def to_json(request: Request) -> dict[str, Any]:
    """The request as it is kept in `requests/<id>.json` (keys are sorted when written)."""
    return {
        "schema": SCHEMA,
        "id": request.id,
        "discussion": request.discussion,
        "author": request.author,
        "opened": request.opened,
        "status": request.status.value,
        "verdict": request.verdict.value,
        "choices": list(request.choices),
        "spec": _spec_to_json(request.spec) if request.spec else None,
        "steps": {step.value: _record_to_json(record) for step, record in request.steps.items()},
        "reserved": request.reserved,
        "said": dict(request.said),
        "heard": request.heard,
        "remarks": request.remarks,
        "answers": [
            {"word": a.word.value, "allowed": a.allowed, "note": a.note} for a in request.answers
        ],
        "retries": request.retries,
        "turn": request.turn,
        "told": request.told,
        "over": request.over,
    }


def from_json(data: Any) -> Request:
    """Read one ledger file.

    Raises ForeignRecord when the schema or a field is not what this version writes.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ForeignRecord(f"expected a ledger record of schema {SCHEMA}, got {str(data)[:80]!r}")
    try:
        return Request(
            id=str(data["id"]),
            discussion=int(data["discussion"]),
            author=str(data["author"]),
            opened=float(data["opened"]),
            status=Status(data["status"]),
            verdict=Verdict(data["verdict"]),
            choices=tuple(str(code) for code in data["choices"]),
            spec=_spec_from_json(data["spec"]) if data["spec"] is not None else None,
            steps={Step(name): _record_from_json(v) for name, v in data["steps"].items()},
            reserved=float(data["reserved"]),
            said={str(kind): float(at) for kind, at in data["said"].items()},
            heard=float(data["heard"]),
            remarks=int(data.get("remarks", 0)),
            answers=tuple(
                Answer(Word(a["word"]), bool(a["allowed"]), str(a["note"])) for a in data["answers"]
            ),
            retries=int(data["retries"]),
            turn=int(data["turn"]),
            told=bool(data["told"]),
            over=bool(data["over"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ForeignRecord(f"a ledger record is damaged: {error!r}") from error


def _spec_to_json(spec: Spec) -> dict[str, Any]:
    language = spec.language
    return {
        "language": {
            "code": language.code,
            "name": language.name,
            "autonym": language.autonym,
            "bcp47": language.bcp47,
            "script": language.script,
        },
        "recipe": spec.recipe,
        "base": spec.base,
        "digest": spec.digest,
        "code": spec.code,
        "estimate_usd": spec.estimate_usd,
        "cap_usd": spec.cap_usd,
        "refused": list(spec.refused),
        "unread": list(spec.unread),
        "licence": spec.licence,
        "variant": spec.variant,
        "improves": spec.improves,
    }


def _spec_from_json(data: Mapping[str, Any]) -> Spec:
    return Spec(
        language=by_code(str(data["language"]["code"])),
        recipe=str(data["recipe"]),
        base=str(data["base"]),
        digest=str(data["digest"]),
        code=str(data["code"]),
        estimate_usd=float(data["estimate_usd"]),
        cap_usd=float(data["cap_usd"]),
        refused=tuple(map(str, data["refused"])),
        unread=tuple(map(int, data["unread"])),
        licence=str(data.get("licence", "")),
        variant=str(data.get("variant", "")),
        improves=bool(data.get("improves", False)),
    )


def _record_to_json(record: StepRecord) -> dict[str, Any]:
    return {
        "state": record.state.value,
        "attempt": record.attempt,
        "tries": record.tries,
        "ordered": record.ordered,
        "job": record.job,
        "note": record.note,
        "seconds": record.seconds,
        "cost_usd": record.cost_usd,
        "reason": record.reason.value,
        "tail": list(record.tail),
        "progress": record.progress,
    }


def _record_from_json(data: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        state=State(data["state"]),
        attempt=int(data["attempt"]),
        tries=int(data["tries"]),
        ordered=float(data["ordered"]),
        job=str(data["job"]),
        note=str(data["note"]),
        seconds=float(data["seconds"]),
        cost_usd=float(data["cost_usd"]),
        reason=Reason(data["reason"]),
        tail=tuple(map(str, data["tail"])),
        progress=int(data["progress"]),
    )
