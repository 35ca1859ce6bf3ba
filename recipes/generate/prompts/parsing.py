"""What the teacher sent, parsed at the door or refused with a reason.

A list that is only badly quoted or fenced is repaired by a library; what is not a list of texts
after that is refused. "nan", "None" and "null" are what failed software writes, never a text.
"""

from __future__ import annotations

from typing import Any

import json_repair
import orjson

from recipes.generate.schema import Message

LONGEST = 64_000  # characters of a list that is worth a repair
EMPTY = {"", "nan", "none", "null", "undefined", "n/a"}


class InvalidFormat(Exception):
    """The answer has not the shape asked for; the text is a reason for the counts."""


def texts(answer: str, at_most: int) -> list[str]:
    """A JSON list of up to `at_most` different texts; raises InvalidFormat."""
    found = _list(answer)
    clean = [item.strip() for item in found if item.strip().lower() not in EMPTY]
    if found and not clean:
        raise InvalidFormat("empty_texts")
    return list(dict.fromkeys(clean))[:at_most]


def turns(answer: str, like: tuple[Message, ...]) -> list[Message]:
    """A JSON list with one text per turn of `like`, in its roles; raises InvalidFormat."""
    found = _list(answer)
    if len(found) != len(like):
        raise InvalidFormat("turn_count")
    return [
        {"role": turn["role"], "content": item.strip()}
        for turn, item in zip(like, found, strict=True)
    ]


def text(answer: str) -> str:
    """One text that was asked for bare; raises InvalidFormat when there is none."""
    if answer.lstrip().startswith("```"):
        raise InvalidFormat("fenced")
    if answer.strip().lower() in EMPTY:
        raise InvalidFormat("empty")
    return answer.strip()


def flag(answer: str, key: str) -> bool:
    """The truth value of a JSON object; raises InvalidFormat."""
    value = _object(answer).get(key)
    if not isinstance(value, bool):
        raise InvalidFormat("no_verdict")
    return value


def number(answer: str, key: str, among: range) -> int:
    """A whole number out of a range, in a JSON object; raises InvalidFormat."""
    value = _object(answer).get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value not in among:
        raise InvalidFormat("no_verdict")
    return value


def list_of(most: int, least: int = 0) -> dict[str, Any]:
    """The JSON schema of a list of texts, for endpoints that can be held to one."""
    texts = {"type": "array", "items": {"type": "string"}, "maxItems": most}
    return {**texts, "minItems": least} if least else texts


def _object(answer: str) -> dict[str, Any]:
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start or len(answer) > LONGEST:
        raise InvalidFormat("no_verdict")
    try:
        found = json_repair.loads(answer[start : end + 1])
    except RecursionError:
        raise InvalidFormat("no_verdict") from None
    return found if isinstance(found, dict) else {}


def _list(answer: str) -> list[str]:
    found = _json(answer)
    if isinstance(found, dict) and len(found) == 1:  # {"prompts": [...]}
        (found,) = found.values()
    if not isinstance(found, list):
        raise InvalidFormat("not_a_list")
    if not all(isinstance(item, str) and _is_unicode(item) for item in found):
        raise InvalidFormat("not_texts")
    return found


def _json(answer: str) -> object:
    try:
        return orjson.loads(answer)
    except ValueError:
        start, end = answer.find("["), answer.rfind("]")
        if start < 0 or end < start or len(answer) > LONGEST:
            raise InvalidFormat("broken_json") from None
    try:
        return json_repair.loads(answer[start : end + 1])
    except RecursionError:
        raise InvalidFormat("broken_json") from None


def _is_unicode(text: str) -> bool:
    r"""Whether it can be written down: half of a surrogate pair (`"\ud83d"`) cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
