"""What the ledger remembers of one request: only what cannot be observed on the Hub.

Floor of words: frozen dataclasses and their JSON. Nothing here decides, reads or writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bot.failure import Failure
from bot.language import Language, by_code

SCHEMA = 1


class Step(StrEnum):
    """The three recipes, in the order in which they run."""

    GENERATE = "generate"
    TRAIN = "train"
    EVALUATE = "evaluate"


class State(StrEnum):
    """How far a step is, as last told to the people who wait for it."""

    WAITING = "waiting"
    ORDERED = "ordered"
    RUNNING = "running"
    MADE = "made"
    FAILED = "failed"


class Status(StrEnum):
    """How far a request is; all but OPEN are final."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """Why a request was not taken, or did not end well."""

    NONE = ""
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    SCRIPT = "script"
    NO_NAME = "no-name"
    TOO_LONG = "too-long"
    NO_TEACHER = "no-teacher"
    DUPLICATE = "duplicate"
    TOO_DEAR = "too-dear"
    ATTEMPTS = "attempts"
    TEACHER = "teacher"
    CLOSED = "closed"


class ForeignRecord(Failure):
    """A file of the ledger that this version cannot read; the message says what was seen."""


@dataclass(frozen=True)
class Spec:
    """What was agreed when the request was taken; `digest` binds it to one configuration."""

    language: Language
    recipe: str
    base: str
    digest: str
    code: str
    estimate_usd: float


@dataclass(frozen=True)
class StepRecord:
    """One step of one request; `ordered` is epoch seconds, `seconds` and dollars what it took."""

    state: State = State.WAITING
    attempt: int = 0
    ordered: float = 0.0
    job: str = ""
    note: str = ""
    seconds: float = 0.0
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Request:
    """One request for one language; `turn` counts its commits, `told`: nothing is left to say."""

    id: str
    discussion: int
    author: str
    opened: float
    status: Status = Status.OPEN
    verdict: Verdict = Verdict.NONE
    choices: tuple[str, ...] = ()
    spec: Spec | None = None
    steps: Mapping[Step, StepRecord] = field(default_factory=dict)
    turn: int = 1
    told: bool = False

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
        "turn": request.turn,
        "told": request.told,
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
            turn=int(data["turn"]),
            told=bool(data["told"]),
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
    }


def _spec_from_json(data: Mapping[str, Any]) -> Spec:
    return Spec(
        language=by_code(str(data["language"]["code"])),
        recipe=str(data["recipe"]),
        base=str(data["base"]),
        digest=str(data["digest"]),
        code=str(data["code"]),
        estimate_usd=float(data["estimate_usd"]),
    )


def _record_to_json(record: StepRecord) -> dict[str, Any]:
    return {
        "state": record.state.value,
        "attempt": record.attempt,
        "ordered": record.ordered,
        "job": record.job,
        "note": record.note,
        "seconds": record.seconds,
        "cost_usd": record.cost_usd,
    }


def _record_from_json(data: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        state=State(data["state"]),
        attempt=int(data["attempt"]),
        ordered=float(data["ordered"]),
        job=str(data["job"]),
        note=str(data["note"]),
        seconds=float(data["seconds"]),
        cost_usd=float(data["cost_usd"]),
    )
