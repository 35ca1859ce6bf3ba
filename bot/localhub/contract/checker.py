"""Check requests and responses against the contract. Pure: no clock, no network, no state.

The Hub rejects what its schema forbids and silently ignores unknown keys, so there are two lists of
findings for a request. They never contain values, because bodies may contain secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs

from bot.localhub.contract.notation import Schema
from bot.localhub.contract.operations import Operation, contract

MASK = "the value"
MOST_ERRORS = 20
# For values that the validator cannot process, such as half a surrogate pair.
UNREADABLE = "$: the value is not JSON, or nested too deeply"


@dataclass(frozen=True)
class Findings:
    """What the Hub would do with a request.

    operation: method and path template; "" if neither the Hub nor the local Hub has this call.
    refused: reasons to reject the request.
    ignored: paths of unknown keys (`$.model.image.custom.health_route`) and names of unknown
        query parameters (`?limit`).
    """

    operation: str
    refused: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Whether the contract does not know the operation."""
        return not self.operation


def check_request(method: str, path: str, query: str = "", body: Any = None) -> Findings:
    """Check a request.

    path: as sent, percent-encoded. query: as sent, without the question mark. body: what
    `parse_body` returns; None for no body.
    """
    operation = contract().find(method, path)
    if operation is None:
        return Findings("")
    if operation.ours:
        return Findings(operation.name)
    refused, ignored = _check_query(operation, query)
    if not isinstance(body, bytes):
        if operation.body is None:
            ignored += [f"$.{key}" for key in body] if isinstance(body, Mapping) else []
        else:
            value = {} if body is None else body
            types = _types(operation, "body")
            errors = types.errors(value)
            refused += errors
            ignored += types.ignored(value) if UNREADABLE not in errors else []
    return Findings(operation.name, tuple(refused), tuple(ignored))


def check_response(method: str, path: str, status: int, body: Any = None) -> list[str]:
    """Return where a response has another shape than the Hub's.

    body: parsed JSON, or bytes for anything else. Checks the statuses in the contract, and that a
    successful response has one of them.
    """
    operation = contract().find(method, path)
    if operation is None or operation.ours or not operation.answers:
        return []
    if status not in operation.answers:
        promised = " or ".join(str(code) for code in operation.answers if code < 300)
        return [f"the status is {status} instead of {promised}"] if 200 <= status < 300 else []
    if isinstance(body, bytes) or method == "HEAD":
        return []
    return _types(operation, status).errors(body)


def parse_body(content_type: str, data: bytes) -> Any:
    """Parse a body for `check_request` and `check_response`.

    JSON becomes its value, newline-delimited JSON a list, a form an object (a repeated field a
    list), and an empty body None. Anything else, including broken JSON, stays bytes.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not data:
        return None
    if kind == "application/x-www-form-urlencoded":
        return _grouped(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        if kind == "application/x-ndjson":
            return [json.loads(line) for line in data.splitlines() if line.strip()]
        if kind.endswith("json"):
            return json.loads(data)
    except (ValueError, RecursionError):
        return data
    return data


def _check_query(operation: Operation, query: str) -> tuple[list[str], list[str]]:
    refused: list[str] = []
    ignored: list[str] = []
    given = _grouped(parse_qsl(query, keep_blank_values=True))
    known = {name.removesuffix("!"): name for name in operation.query}
    for name, value in given.items():
        plain = name.removesuffix("[]")
        if plain not in known:
            ignored.append(f"?{name}")
            continue
        types = _types(operation, f"?{known[plain]}")
        if all(types.errors(reading) for reading in _readings(value)):
            refused += [f"?{name}{error.removeprefix('$')}" for error in types.errors(value)]
    for plain, name in known.items():
        if name.endswith("!") and plain not in given:
            refused.append(f"?{plain} is required")
    return refused, ignored


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a query or form as an object; a repeated name has a list."""
    grouped: dict[str, Any] = {}
    for name, value in pairs:
        if name not in grouped:
            grouped[name] = value
        elif isinstance(grouped[name], list):
            grouped[name].append(value)
        else:
            grouped[name] = [grouped[name], value]
    return grouped


def _readings(value: Any) -> Iterator[Any]:
    """Yield what a query parameter may mean: a string, a list, a number, a boolean."""
    yield value
    if not isinstance(value, str):
        return
    yield [value]
    if value.lower() in ("true", "false", "1", "0", ""):
        yield value.lower() in ("true", "1", "")
    if value.removeprefix("-").isdecimal() and len(value) < 20:
        yield int(value)


class _Types:
    """One type of the contract, compiled."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._validator = _validator(schema)
        self._branches: dict[int, Any] = {}

    def errors(self, value: Any) -> list[str]:
        """Return at most `MOST_ERRORS` reasons, with paths, why a value is not of this type."""
        try:
            if self._validator.is_valid(value):
                return []
            errors = islice(self._validator.iter_errors(value), MOST_ERRORS)
            return [f"{_path(error.instance_path)}: {error.message}" for error in errors]
        except ValueError:
            return [UNREADABLE]

    def ignored(self, value: Any) -> list[str]:
        """Return the paths of the keys that the type does not name."""
        return list(self._ignored(self._schema, value, "$"))

    def _ignored(self, schema: Schema, value: Any, path: str) -> Iterator[str]:
        views = list(self._views(schema, value))
        if isinstance(value, list):
            items = [view["items"] for view in views if "items" in view]
            for number, item in enumerate(value if items else ()):
                yield from self._ignored({"allOf": items}, item, f"{path}[{number}]")
        if not isinstance(value, dict) or not any(_says_keys(view) for view in views):
            return
        for key, inner in value.items():
            known = [view["properties"][key] for view in views if key in view.get("properties", {})]
            known = known or [
                view["additionalProperties"] for view in views if "additionalProperties" in view
            ]
            if known:
                schemas = [part for part in known if isinstance(part, dict)]
                yield from self._ignored({"allOf": schemas}, inner, f"{path}.{key}")
            else:
                yield f"{path}.{key}"

    def _views(self, schema: Schema, value: Any) -> Iterator[Schema]:
        """Yield the schemas that apply to a value: the schema itself and its chosen parts."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self._views(self._schema["$defs"][name], value)
        yield schema
        for part in schema.get("allOf", ()):
            if "if" not in part:
                yield from self._views(part, value)
            elif self._branch(part["if"]).is_valid(value):
                yield from self._views(part["then"], value)
        for key in ("anyOf", "oneOf"):
            parts = schema.get(key, ())
            fitting = [part for part in parts if self._branch(part).is_valid(value)]
            for part in fitting or parts:
                yield from self._views(part, value)

    def _branch(self, schema: Schema) -> Any:
        if id(schema) not in self._branches:
            definitions = self._schema.get("$defs", {})
            self._branches[id(schema)] = _validator({**schema, "$defs": definitions})
        return self._branches[id(schema)]


def _validator(schema: Schema) -> Any:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, mask=MASK)


def _says_keys(schema: Schema) -> bool:
    return "properties" in schema or "additionalProperties" in schema


def _path(parts: Sequence[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


@cache
def _types(operation: Operation, part: str | int) -> _Types:
    """Return a compiled type of an operation: `body`, a query parameter (`?p`) or a status."""
    if isinstance(part, int):
        return _Types(contract().notation.schema(operation.answers[part], closed=True))
    node = operation.body if part == "body" else operation.query[part.removeprefix("?")]
    return _Types(contract().notation.schema(node, closed=False))
