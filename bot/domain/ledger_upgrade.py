"""Read the ledger's files, also those of older schemas.

Schema 3 gave the fields of schema 2 other names, schema 4 added `consented`, schema 5
`last_comment_ids`, schema 6 what was paid on each day and what may still have to be paid, schema 7
the fertility, and schema 8 the reason `unworkable`. A record of schema 2 may lack the fields that
were added to it over time. Anything that is no record of an older schema is left as it is: the
codec then says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeGuard

from bot.domain.codec import (
    SCHEMA,
    UnreadableRecord,
    faults_from_json,
    request_from_json,
    teacher_from_json,
)
from bot.domain.costs import day_of
from bot.domain.fault import Faults
from bot.domain.request import Request, TeacherRecord
from recipes.validation.documents import read_json
from recipes.validation.errors import InvalidInput

_REQUEST = {
    "opened": "opened_at",
    "reserved": "reserved_at",
    "said": "replied_at",
    "heard": "last_comment_at",
    "remarks": "comments_read",
    "turn": "revision",
    "told": "reported",
    "over": "archived",
}
_SPEC = {
    "recipe": "recipe_name",
    "code": "wheel_revision",
    "refused": "refused_options",
    "unread": "unread_lines",
}
_STEP = {
    "tries": "attempts_since_retry",
    "ordered": "ordered_at",
    "job": "job_id",
    "tail": "log_tail",
    "progress": "progress_tenths",
}
_ANSWER = {"word": "command"}
_TEACHER = {"ordered": "ordered_at", "rested": "paused_at", "tries": "failed_starts"}


@lru_cache(maxsize=2048)  # after a commit, a bot reads all requests again, and few have changed
def read_request(text: str) -> tuple[Request, bool]:
    """Read `requests/<id>.json`, and whether it is outdated. Raises UnreadableRecord."""
    data = _read_json(text, "request")
    upgraded = upgrade_request(data)
    return request_from_json(upgraded), upgraded is not data


def read_teacher(text: str | bytes) -> TeacherRecord:
    """Read `teacher.json`. Raises UnreadableRecord."""
    return teacher_from_json(upgrade_teacher(_read_json(text, "teacher")))


def read_faults(text: str) -> Faults:
    """Read `faults.json`. Raises UnreadableRecord."""
    data = _read_json(text, "faults")
    if isinstance(data, dict) and data.get("schema") in range(4, SCHEMA):  # with the same fields
        data = {**data, "schema": SCHEMA}
    return faults_from_json(data)


def _read_json(text: str | bytes, name: str) -> Any:
    try:
        return read_json(text, name)
    except InvalidInput as error:
        raise UnreadableRecord(str(error)) from error


def upgrade_request(data: Any) -> Any:
    """Return the content of `requests/<id>.json` in today's schema."""
    if not isinstance(data, dict):
        return data
    if data.get("schema") == 2:
        data = _with_names_of_schema_3(data)
    if data.get("schema") in (3, 4):
        data = {"consented": False, "last_comment_ids": [], **data, "schema": 5}
    if data.get("schema") == 5:
        data = {"unsettled": _unsettled(data), "days": _days(data), **data, "schema": 6}
    if data.get("schema") == 6:
        spec = data.get("spec")
        spec = {"fertility": 0.0, **spec} if isinstance(spec, dict) else spec
        data = {**data, "spec": spec, "schema": 7}
    if data.get("schema") == 7:
        data = {**data, "schema": SCHEMA}
    return data


def _unsettled(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the jobs that may still run; each may cost all that is left of the cap."""
    spec = data.get("spec")
    cap_usd = spec.get("cap_usd") if isinstance(spec, dict) else None
    return [
        {
            "step": step,
            "attempt": record.get("attempt"),
            "ordered_at": record.get("ordered_at"),
            "usd_per_hour": 0.0,
            "hold_usd": max(0.0, cap_usd - _spent_usd(data)) if _is_number(cap_usd) else cap_usd,
            "tokens_usd": 0.0,
            "appeared": bool(record.get("job_id")),
            "started": record.get("state") == "running",
        }
        for step, record in _records(data).items()
        if record.get("state") in ("ordered", "running")
    ]


def _days(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was paid, on the day on which it was reserved."""
    reserved_at, spent_usd = data.get("reserved_at"), _spent_usd(data)
    if not spent_usd or not (_is_number(reserved_at) and 0 <= reserved_at < 1e11):
        return {}
    return {day_of(reserved_at or 0.0): {"usd": spent_usd, "starts": 0}}


def _spent_usd(data: Mapping[str, Any]) -> float:
    costs = [record.get("cost_usd") for record in _records(data).values()]
    return sum(cost for cost in costs if _is_number(cost))


def _records(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    steps = data.get("steps")
    if not isinstance(steps, dict):
        return {}
    return {step: record for step, record in steps.items() if isinstance(record, dict)}


def _is_number(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float)


def _with_names_of_schema_3(data: Mapping[str, Any]) -> Any:
    request = {"remarks": 0, **data, "schema": 3}
    if isinstance(spec := data.get("spec"), dict):
        added = {"licence": "", "variant": "", "improves": False}
        request["spec"] = _renamed({**added, **spec}, _SPEC)
    if isinstance(steps := data.get("steps"), dict):
        request["steps"] = {step: _renamed(record, _STEP) for step, record in steps.items()}
    if isinstance(answers := data.get("answers"), list):
        request["answers"] = [_renamed(answer, _ANSWER) for answer in answers]
    return _renamed(request, _REQUEST)


def upgrade_teacher(data: Any) -> Any:
    """Return the content of `teacher.json` in today's schema; before, it did not name one."""
    if not isinstance(data, dict) or data.get("schema", 3) not in range(3, SCHEMA):
        return data
    if "schema" not in data:
        data = _renamed({"rested": 0.0, **data}, _TEACHER)
    return {"charged_until": 0.0, "payers": [], **data, "schema": SCHEMA}


def _renamed(record: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(record, dict):
        return record
    return {names.get(key, key): value for key, value in record.items()}
