"""Bring the ledger's records of schema 2 to schema 3, which only has other names.

A record of schema 2 may lack the fields that were added to it over time. Anything that is no record
of schema 2 is returned as it is: the codec then says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.codec import SCHEMA

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


def upgrade_request(data: Any) -> Any:
    """Return the content of `requests/<id>.json` in today's schema."""
    if not isinstance(data, dict) or data.get("schema") != 2:
        return data
    request = {"remarks": 0, **data, "schema": SCHEMA}
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
    if not isinstance(data, dict) or "schema" in data:
        return data
    return _renamed({"rested": 0.0, **data, "schema": SCHEMA}, _TEACHER)


def _renamed(record: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(record, dict):
        return record
    return {names.get(key, key): value for key, value in record.items()}
