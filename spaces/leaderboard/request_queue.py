"""Parse the bot's ledger: the requests and the state of their steps.

Pure. The ledger belongs to the bot and its records may gain or lack fields, so a missing part is an
empty value. Only a line that is no JSON object with an id is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from common.languages import by_code
from parse_results import number, text_of, whole_number

STEPS = ("check", "generate", "train", "evaluate")
IMPROVEMENT_STEPS = ("improve",)  # of a request for the next version of a model
MAX_CHOICES = 4
FINAL_STATUSES = ("done", "failed", "declined", "cancelled")


@dataclass(frozen=True)
class Step:
    """A step of a request, as far as the ledger knows it."""

    name: str
    state: str = ""
    attempt: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0
    progress_tenths: int = 0


@dataclass(frozen=True)
class Request:
    """A request for a language and its progress.

    `verdict` says why it is asked about, held, declined or failed, in a word of the bot's.
    """

    id: str
    status: str = "open"
    code: str = ""
    name: str = ""
    autonym: str = ""
    bcp47: str = ""
    author: str = ""
    discussion: int | None = None
    steps: tuple[Step, ...] = ()
    estimate_usd: float | None = None
    cap_usd: float | None = None
    verdict: str = ""
    choices: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The language's name, or those that the bot asks about; empty if none was understood."""
        return self.name or self.code or " / ".join(by_code(c).title for c in self.choices)

    @property
    def is_in_progress(self) -> bool:
        """Whether a language is being worked on or waits for it, not for somebody's answer."""
        return self.status in ("open", "held")

    @property
    def seconds(self) -> float:
        """How long the successful attempts of all steps took."""
        return sum(step.seconds for step in self.steps)

    @property
    def is_unfinished(self) -> bool:
        """Whether something may still happen."""
        return self.status not in FINAL_STATUSES

    @property
    def cost_usd(self) -> float | None:
        """The cost of all steps; None if the ledger has no cost."""
        costs = [step.cost_usd for step in self.steps if step.cost_usd is not None]
        return sum(costs) if costs else None


def parse_request(text: str) -> Request | None:
    """Read a line of a sheet of schema 2 to 8; None if it is no JSON object with an id."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not text_of(record.get("id")):
        return None
    spec = _object(record, "spec")
    language = _object(spec, "language") or _object(record, "language")
    steps = IMPROVEMENT_STEPS if spec.get("improves") is True else STEPS
    return Request(
        id=text_of(record.get("id")),
        status=text_of(record.get("status")) or "open",
        code=text_of(language.get("code")),
        name=text_of(language.get("name")),
        autonym=text_of(language.get("autonym")),
        bcp47=text_of(language.get("bcp47")),
        author=text_of(record.get("author")),
        discussion=whole_number(record.get("discussion")),
        steps=tuple(_step(name, _object(record, "steps")) for name in steps),
        estimate_usd=number(spec.get("estimate_usd")),
        cap_usd=number(spec.get("cap_usd")),
        verdict=text_of(record.get("verdict")),
        choices=_codes(record.get("choices")),
    )


def parse_requests(sheets: Iterable[str]) -> list[Request]:
    """Read `sheets/*.jsonl`: unfinished requests, those with a result, others; newer ones first."""
    lines = (line for sheet in sheets for line in sheet.split("\n"))
    requests = [request for line in lines if (request := parse_request(line))]
    return sorted(requests, key=_order)


def _order(request: Request) -> tuple[bool, bool, int]:
    return not request.is_unfinished, request.status != "done", -(request.discussion or 0)


def _step(name: str, steps: Mapping[str, Any]) -> Step:
    record = steps.get(name)
    if isinstance(record, str):
        return Step(name, text_of(record))
    if not isinstance(record, dict):
        return Step(name)
    return Step(
        name,
        text_of(record.get("state")) or text_of(record.get("status")),
        attempt=whole_number(record.get("attempt")) or 0,
        cost_usd=number(record.get("cost_usd")),
        seconds=number(record.get("seconds")) or 0.0,
        # Schema 2 calls it `progress`.
        progress_tenths=whole_number(record.get("progress_tenths", record.get("progress"))) or 0,
    )


def _codes(value: object) -> tuple[str, ...]:
    codes = [text_of(code) for code in value] if isinstance(value, list) else []
    return tuple(code for code in codes[:MAX_CHOICES] if code)


def _object(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}
