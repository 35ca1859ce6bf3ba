"""The queue: what the bot wrote about each request, read with patience.

Pure. The ledger belongs to the bot and may grow fields or lack some, so a missing part is an empty
value and only a file that is no JSON object at all is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

STEPS = ("check", "generate", "train", "evaluate")
IMPROVING = ("improve",)  # of a request for the next version of a model
LONGEST_TEXT = 200
OVER = ("done", "failed", "declined", "cancelled")


@dataclass(frozen=True)
class Step:
    """One of the three jobs of a request, as far as the ledger tells."""

    name: str
    state: str = ""
    attempt: int = 0
    cost: float | None = None
    seconds: float = 0.0
    tenths: int = 0


@dataclass(frozen=True)
class Request:
    """A language somebody asked for, and how far it is."""

    id: str
    status: str = "open"
    code: str = ""
    name: str = ""
    autonym: str = ""
    bcp47: str = ""
    author: str = ""
    discussion: int | None = None
    steps: tuple[Step, ...] = ()
    estimate: float | None = None
    cap: float | None = None

    @property
    def seconds(self) -> float:
        """What the good attempts of all steps took."""
        return sum(step.seconds for step in self.steps)

    @property
    def waiting(self) -> bool:
        """Whether something is still going to happen."""
        return self.status not in OVER

    @property
    def spent(self) -> float | None:
        """US dollars over all steps; None when the ledger names none."""
        costs = [step.cost for step in self.steps if step.cost is not None]
        return sum(costs) if costs else None


def parse_request(text: str) -> Request | None:
    """Read one line of a sheet; None when it is no JSON object with an id."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or not _text(raw.get("id")):
        return None
    spec = _part(raw, "spec")
    language = _part(spec, "language") or _part(raw, "language")
    steps = IMPROVING if spec.get("improves") is True else STEPS
    return Request(
        id=_text(raw.get("id")),
        status=_text(raw.get("status")) or "open",
        code=_text(language.get("code")),
        name=_text(language.get("name")),
        autonym=_text(language.get("autonym")),
        bcp47=_text(language.get("bcp47")),
        author=_text(raw.get("author")),
        discussion=_count(raw.get("discussion")),
        steps=tuple(_step(name, _part(raw, "steps")) for name in steps),
        estimate=_amount(spec.get("estimate_usd")),
        cap=_amount(spec.get("cap_usd")),
    )


def parse_requests(sheets: Iterable[str]) -> list[Request]:
    """Read ``sheets/*.jsonl``, what is going on first and then the newest discussion first."""
    lines = (line for sheet in sheets for line in sheet.split("\n"))
    found = [request for line in lines if (request := parse_request(line))]
    return sorted(found, key=lambda request: (not request.waiting, -(request.discussion or 0)))


def _step(name: str, steps: Mapping[str, Any]) -> Step:
    raw = steps.get(name)
    if isinstance(raw, str):
        return Step(name, _text(raw))
    if not isinstance(raw, dict):
        return Step(name)
    state = _text(raw.get("state")) or _text(raw.get("status"))
    return Step(
        name,
        state,
        attempt=_count(raw.get("attempt")) or 0,
        cost=_amount(raw.get("cost_usd")),
        seconds=_amount(raw.get("seconds")) or 0.0,
        tenths=_count(raw.get("progress")) or 0,
    )


def _part(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
