"""Convert the ledger's records to JSON values and back, driven by the dataclasses' type hints.

Reading is strict: a missing or unknown key, a value of another type and a negative number raise
UnreadableRecord with the path of the field. `ledger_upgrade` first brings records of an older
schema to this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from bot.domain.fault import Faults
from bot.domain.request import Request, TeacherRecord
from bot.errors import UserError
from bot.language import Language, UnknownCode, by_code
from recipes.validation.errors import quote

# Of the fields and of the values that they may have: an older bot must not misread either.
SCHEMA = 8
LARGEST = 1e15  # of all numbers; times are about 2e9
_LEAVES = (str, int, float, bool, type(None))

T = TypeVar("T")


class UnreadableRecord(UserError):
    """A file of the ledger that this version cannot read; the message names the field."""


class NewerRecord(UnreadableRecord):
    """A file of the ledger that a newer version of this bot has written."""


def request_to_json(request: Request) -> dict[str, Any]:
    """Return the content of `requests/<id>.json`."""
    return {"schema": SCHEMA, **_encode(request)}


def request_from_json(data: Any) -> Request:
    """Read the content of `requests/<id>.json`. Raises UnreadableRecord."""
    return _decode_record(Request, data, "request")


def teacher_to_json(teacher: TeacherRecord) -> dict[str, Any]:
    """Return the content of `teacher.json`."""
    return {"schema": SCHEMA, **_encode(teacher)}


def teacher_from_json(data: Any) -> TeacherRecord:
    """Read the content of `teacher.json`. Raises UnreadableRecord."""
    return _decode_record(TeacherRecord, data, "teacher")


def faults_to_json(faults: Faults) -> dict[str, Any]:
    """Return the content of `faults.json`."""
    return {"schema": SCHEMA, **_encode(faults)}


def faults_from_json(data: Any) -> Faults:
    """Read the content of `faults.json`. Raises UnreadableRecord."""
    faults = _decode_record(Faults, data, "faults")
    if not all(num.isascii() and num.isdecimal() for num in faults.faults):
        raise UnreadableRecord("faults: a key is not the number of a discussion")
    return faults


def _encode(value: Any) -> Any:
    if type(value) in _LEAVES:  # most values are
        return value
    if isinstance(value, Language):
        # The names are for people and the leaderboard; only the code is read back.
        names = ("code", "name", "autonym", "bcp47", "script")
        return {name: getattr(value, name) for name in names}
    if is_dataclass(value):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, Mapping):
        return {_encode(key): _encode(item) for key, item in value.items()}
    return value


def _decode_record(kind: type[T], data: Any, path: str) -> T:
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise NewerRecord(f"a newer version has written schema {schema} of {path}: update this bot")
    if schema != SCHEMA:
        raise UnreadableRecord(f"{path}: expected schema {SCHEMA}, got {quote(data)}")
    record: T = _decode(kind, {key: data[key] for key in data if key != "schema"}, path)
    return record


def _decode(kind: Any, data: Any, path: str) -> Any:
    """Read a value of the annotated type `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:  # X | None
        return None if data is None else _decode(arguments[0], data, path)
    if origin is tuple:
        items = enumerate(_expect(list, data, path))
        return tuple(_decode(arguments[0], item, f"{path}[{n}]") for n, item in items)
    if origin is Mapping:
        key_kind, item_kind = arguments
        return {
            _decode(key_kind, key, path): _decode(item_kind, item, f"{path}.{key}")
            for key, item in _expect(dict, data, path).items()
        }
    if kind is Language:
        return _language(_expect(dict, data, path), path)
    if is_dataclass(kind):
        return _decode_dataclass(kind, _expect(dict, data, path), path)
    if issubclass(kind, StrEnum):
        try:
            return kind(_expect(str, data, path))
        except ValueError as error:
            raise UnreadableRecord(f"{path}: {quote(data)} is not a known value") from error
    return _expect(kind, data, path)


def _decode_dataclass(kind: Any, data: Mapping[str, Any], path: str) -> Any:
    hints = _field_types(kind)
    if differing := sorted(hints.keys() ^ data.keys()):
        problem = "unknown" if differing[0] in data else "missing"
        raise UnreadableRecord(f"{path}: the field {quote(differing[0])} is {problem}")
    return kind(**{name: _decode(hints[name], data[name], f"{path}.{name}") for name in hints})


@cache
def _field_types(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _language(data: Mapping[str, Any], path: str) -> Language:
    try:
        return by_code(_expect(str, data.get("code"), f"{path}.code"))
    except UnknownCode as error:
        raise UnreadableRecord(f"{path}.code: {error}") from error


def _expect(kind: type[T], data: Any, path: str) -> T:
    """Return `data` if it is exactly of this type; an integer also counts as a float.

    NaN, infinity and negative numbers are refused: every limit on money would let them pass.
    """
    is_number = type(data) is int or (type(data) is float and kind is float)
    if is_number and kind in (int, float) and 0 <= data <= LARGEST:
        return kind(data)  # type: ignore[call-arg]
    if type(data) is not kind or kind in (int, float):
        raise UnreadableRecord(f"{path}: expected {kind.__name__}, got {quote(data)}")
    return data
