"""Read the ledger's files, also those of older schemas.

Schema 3 gave the fields of schema 2 other names, schema 4 added `consented`, and schema 5
`last_comment_ids`. A record of schema 2 may lack the fields that were added to it over time.
Anything that is no record of an older schema is left as it is: the codec then says what is wrong
with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.codec import (
    SCHEMA,
    UnreadableRecord,
    faults_from_json,
    request_from_json,
    teacher_from_json,
)
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
    if isinstance(data, dict) and data.get("schema") == 4:
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
        return {"consented": False, "last_comment_ids": [], **data, "schema": SCHEMA}
    return data


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
    if not isinstance(data, dict) or data.get("schema", 3) not in (3, 4):
        return data
    if "schema" not in data:
        data = _renamed({"rested": 0.0, **data}, _TEACHER)
    return {**data, "schema": SCHEMA}


def _renamed(record: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(record, dict):
        return record
    return {names.get(key, key): value for key, value in record.items()}
