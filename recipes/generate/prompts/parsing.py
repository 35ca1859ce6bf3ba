"""Parse the formats that the teacher is asked for, or refuse with a reason.

`json_repair` repairs lists with broken quotes or in fences; what is still not a list of texts is
refused. "nan", "None" and "null" come from failed software, and are never a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import json_repair
import orjson

from recipes.generate.schema import Message

MAX_REPAIRED = 64_000  # characters
LIST_START = re.compile(r"\[(?=\s*[\"'“”„«{])")  # not "[as you asked]"
MAX_STARTS = 8  # places where a list may start
EMPTY = {"", "nan", "none", "null", "undefined", "n/a"}


class InvalidFormat(Exception):
    """The answer does not have the requested format; the message is a reason of the gates."""


def unfinished(finish: str) -> str | None:
    """Return why an answer is not a whole one, None if it is; `finish` as in `Answer`."""
    return {"stop": None, "content_filter": "refusal"}.get(finish, "truncated")


def check_finished(finish: str) -> None:
    """Raise InvalidFormat unless the answer is a whole one."""
    if reason := unfinished(finish):
        raise InvalidFormat(reason)


def texts(answer: str, at_most: int) -> list[str]:
    """Parse a JSON list of up to `at_most` different texts; raises InvalidFormat."""
    items = _list(answer)
    clean = [item.strip() for item in items if item.strip().lower() not in EMPTY]
    if items and not clean:
        raise InvalidFormat("empty_texts")
    return list(dict.fromkeys(clean))[:at_most]


def turns(answer: str, originals: tuple[Message, ...]) -> list[Message]:
    """Parse a JSON list with one text per turn of `originals`; raises InvalidFormat."""
    items = _list(answer)
    if len(items) != len(originals):
        raise InvalidFormat("turn_count")
    return [
        {"role": turn["role"], "content": item.strip()}
        for turn, item in zip(originals, items, strict=True)
    ]


def text(answer: str) -> str:
    """Parse one plain text; raises InvalidFormat when it is empty or in a fence."""
    if answer.lstrip().startswith("```"):
        raise InvalidFormat("fenced")
    if answer.strip().lower() in EMPTY:
        raise InvalidFormat("empty")
    return answer.strip()


def flag(answer: str, key: str) -> bool:
    """Parse a boolean in a JSON object; raises InvalidFormat."""
    value = _object(answer).get(key)
    if not isinstance(value, bool):
        raise InvalidFormat("no_verdict")
    return value


def number(answer: str, key: str, allowed: range) -> int:
    """Parse an integer in a range, in a JSON object; raises InvalidFormat."""
    value = _object(answer).get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise InvalidFormat("no_verdict")
    return value


def name(answer: str, key: str) -> str:
    """Parse a text in a JSON object; raises InvalidFormat."""
    value = _object(answer).get(key)
    if not isinstance(value, str) or not value.strip():
        raise InvalidFormat("no_verdict")
    return value.strip()


def list_schema(at_most: int, at_least: int = 0) -> dict[str, Any]:
    """Return the JSON schema of a list of texts, for endpoints that support one."""
    texts = {"type": "array", "items": {"type": "string"}, "maxItems": at_most}
    return {**texts, "minItems": at_least} if at_least else texts


def _object(answer: str) -> dict[str, Any]:
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start or len(answer) > MAX_REPAIRED:
        raise InvalidFormat("no_verdict")
    try:
        value = json_repair.loads(answer[start : end + 1])
    except RecursionError:
        raise InvalidFormat("no_verdict") from None
    return value if isinstance(value, dict) else {}


def _list(answer: str) -> list[str]:
    """Return the first list of texts in an answer, which may have remarks around it."""
    reason = ""
    for value in _values(answer):
        try:
            return _list_of(value)
        except InvalidFormat as error:
            reason = reason or str(error)
    raise InvalidFormat(reason or "broken_json")


def _list_of(value: object) -> list[str]:
    """Return a list of texts, also from `{"prompts": [...]}` and `[{"prompt": "..."}, ...]`."""
    if isinstance(value, dict):
        lists = [each for each in value.values() if isinstance(each, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        raise InvalidFormat("not_a_list")
    items = [_only_text(each) if isinstance(each, dict) else each for each in value]
    texts = [item for item in items if isinstance(item, str) and _is_unicode(item)]
    if len(texts) < len(items):
        raise InvalidFormat("not_texts")
    return texts


def _only_text(value: dict[str, object]) -> object:
    texts = [each for each in value.values() if isinstance(each, str)]
    return texts[0] if len(texts) == 1 else None


def _values(answer: str) -> Iterator[object]:
    """Yield what may be the JSON value that was requested, the likeliest first."""
    try:
        yield orjson.loads(answer)
        return
    except ValueError:
        pass
    if len(answer) > MAX_REPAIRED:
        return
    if lists := _lists_in_lines(answer):
        yield lists
        return
    starts = [match.start() for match in islice(LIST_START.finditer(answer), MAX_STARTS)]
    for start in starts:
        try:
            yield json.JSONDecoder().raw_decode(answer, start)[0]
        except (ValueError, RecursionError):
            yield from _repaired(answer, start)
    if not starts:
        yield from _repaired(answer, answer.find("["))


def _repaired(answer: str, start: int) -> Iterator[object]:
    """Yield what `json_repair` makes of an answer from one bracket to the last one."""
    end = answer.rfind("]")
    if 0 <= start < end:
        try:
            yield json_repair.loads(answer[start : end + 1])
        except RecursionError:
            return


def _lists_in_lines(answer: str) -> list[object]:
    """Return the items of all lists, where each line is one; empty if a line is something else."""
    items: list[object] = []
    for line in filter(None, map(str.strip, answer.splitlines())):
        try:
            value = orjson.loads(line)
        except ValueError:
            return []
        if not isinstance(value, list):
            return []
        items += value
    return items


def _is_unicode(text: str) -> bool:
    r"""Whether the text can be encoded: half of a surrogate pair (`"\ud83d"`) cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
