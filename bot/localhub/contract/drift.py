"""Compare the contract with the official OpenAPI document.

There are two documents, `HUB_DOCUMENT` and `ENDPOINTS_DOCUMENT`; each is compared with the
operations that belong to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import httpx2

from bot.localhub.contract.facts import Fact, Facts, facts
from bot.localhub.contract.notation import Node
from bot.localhub.contract.operations import Contract, Operation, contract

HUB_DOCUMENT = "https://huggingface.co/.well-known/openapi.json"
ENDPOINTS_DOCUMENT = "https://api.endpoints.huggingface.cloud/openapi.json"

TIMEOUT_SECONDS = 60
MOST_BYTES = 64 << 20


class DocumentError(Exception):
    """The official document cannot be read; the message is one sentence."""


def run(spec: str, out: TextIO) -> int:
    """Compare the contract with a document and write the differences.

    spec: a URL or a file. Returns 0 if nothing differs and 1 otherwise; raises DocumentError.
    """
    official = read(spec)
    differences = compare(official)
    news = additions(official)
    for line in differences:
        out.write(f"{line}\n")
    if news:
        out.write("\nNew in the document, and optional:\n")
        out.writelines(f"  {line}\n" for line in news)
    count = len(differences)
    plural = "" if count == 1 else "s"
    checked = len(_operations(contract(), official))
    verdict = f"{count} difference{plural}" if count else "no differences"
    out.write(f"\n{checked} operations compared with {spec}: {verdict}.\n")
    return 1 if count else 0


def read(spec: str) -> dict[str, Any]:
    """Read the document from a URL or a file; raises DocumentError with the URL or path."""
    if spec.startswith(("http://", "https://")):
        data = _download(spec)
    else:
        try:
            data = Path(spec).read_bytes()
        except OSError as error:
            raise DocumentError(f"{spec} cannot be read: {error.strerror}") from error
    try:
        document = json.loads(data)
    except ValueError as error:
        raise DocumentError(f"{spec} is not JSON") from error
    if not isinstance(document, dict):
        raise DocumentError(f"{spec} is not an OpenAPI 3 document")
    version = str(document.get("openapi", ""))
    if not version.startswith("3.") or not isinstance(document.get("paths"), dict):
        raise DocumentError(f"{spec} is not an OpenAPI 3 document")
    return document


def _download(url: str) -> bytes:
    try:
        answer = httpx2.get(url, timeout=TIMEOUT_SECONDS, follow_redirects=True)
    except httpx2.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise DocumentError(
            f"{url} cannot be reached ({reason}); check HTTPS_PROXY and NO_PROXY, "
            "or pass a file that holds the document"
        ) from error
    if answer.status_code != 200:
        raise DocumentError(f"{url} returned the status {answer.status_code}")
    if len(answer.content) > MOST_BYTES:
        raise DocumentError(f"{url} is larger than {MOST_BYTES >> 20} MiB")
    return answer.content


def compare(official: Mapping[str, Any], against: Contract | None = None) -> list[str]:
    """Return where a document contradicts the contract.

    These are missing operations and fields, different types, values and limits, fields that only
    one of them requires, and operations that are now documented.
    """
    return [line for line in _lines(official, against or contract()) if not line.startswith("+")]


def additions(official: Mapping[str, Any], against: Contract | None = None) -> list[str]:
    """Return optional fields and parameters that a document has and the contract lacks."""
    lines = _lines(official, against or contract())
    return [line.removeprefix("+ ") for line in lines if line.startswith("+")]


def _lines(official: Mapping[str, Any], against: Contract) -> list[str]:
    """Return the differences, and with a leading `+` the additions, each once."""
    lines: list[str] = []
    for operation in _operations(against, official):
        lines += _Comparison(operation, official, against).lines()
    return list(dict.fromkeys(lines))


def _operations(against: Contract, official: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of this document, which is the Hub's or that of Inference Endpoints."""
    paths = [_bare(path) for path in official.get("paths", {})]
    kind = "endpoints" if any(p.endswith("/endpoint/{}/{}") for p in paths) else "hub"
    return [op for op in against.operations if op.document == kind and not op.ours]


class _Comparison:
    """One operation against a document."""

    def __init__(
        self, operation: Operation, official: Mapping[str, Any], against: Contract
    ) -> None:
        self._operation, self._official, self._against = operation, official, against
        self._definitions = official.get("components", {}).get("schemas", {})
        self._excused: set[str] = set()

    def lines(self) -> Iterator[str]:
        """Yield differences and additions, with the name of the operation in front."""
        name = self._operation.name
        entries = {path: self._entry(path) for path in self._operation.paths()}
        found = [entry for entry in entries.values() if entry is not None]
        if self._operation.undocumented:
            if found:
                yield f"{name}: it is in the document now"
            return
        missing = [path for path, entry in entries.items() if entry is None]
        if not found:
            yield f"{name}: it is not in the document"
        elif missing:
            yield f"{name}: it is not in the document for {', '.join(missing)}"
        for entry in found:
            yield from self._differences(entry)
        if found:
            for where in sorted(set(self._operation.deviations) - self._excused):
                yield f"{name}: {where}: this deviation no longer exists"

    def _differences(self, entry: Mapping[str, Any]) -> Iterator[str]:
        operation = self._operation
        yield from self._query([self._resolved(part) for part in entry["parameters"]])
        body = _content(self._resolved(entry.get("requestBody")))
        if operation.body is not None:
            yield from self._schema("body", operation.body, body)
        elif body is not None and facts(body, self._definitions)[""].types:
            yield from self._say("body", "the document describes a body")
        answers = {code: self._resolved(part) for code, part in entry.get("responses", {}).items()}
        good = {int(code) for code in answers if code.isdecimal() and int(code) < 300}
        for status, node in operation.answers.items():
            if str(status) not in answers:
                given = " or ".join(str(code) for code in sorted(good)) or "no status"
                yield from self._say(str(status), f"the document has {given}")
            else:
                yield from self._schema(str(status), node, _content(answers[str(status)]))
        if not operation.answers and any(_content(answers[str(code)]) for code in good):
            code = min(good)
            yield from self._say(str(code), "the document describes an answer")

    def _query(self, parameters: list[Any]) -> Iterator[str]:
        official = {p["name"]: p for p in parameters if p.get("in") == "query"}
        known = {name.removesuffix("!"): name for name in self._operation.query}
        for plain, name in known.items():
            if plain not in official:
                yield from self._say(f"query {plain}", "the document has no such parameter")
                continue
            theirs = official[plain]
            required = bool(theirs.get("required"))
            if required != name.endswith("!"):
                yield from self._say(f"query {plain}", _required(required))
            node = self._operation.query[name]
            yield from self._schema(f"query {plain}", node, theirs.get("schema", {}))
        for plain, theirs in official.items():
            if plain not in known:
                text = "the document requires it" if theirs.get("required") else ""
                yield from self._say(f"query {plain}", text)

    def _schema(self, where: str, node: Node, schema: Any) -> Iterator[str]:
        if schema is None:
            yield from self._say(where, "the document does not describe it")
            return
        notation = self._against.notation
        expanded = notation.schema(node, closed=True)
        ours = facts(expanded, expanded.get("$defs", {}))
        theirs = facts(schema, self._definitions)
        yield from self._facts(where, ours, theirs)

    def _facts(self, where: str, ours: Facts, theirs: Facts) -> Iterator[str]:
        for path, fact in ours.items():
            place = f"{where} {path}".strip()
            parent = theirs.get(_parent(path))
            if path not in theirs:
                if parent is not None and parent.types and not parent.open:
                    yield from self._say(place, "the document has no such field")
                continue
            for text in _contradictions(fact, theirs[path]):
                yield from self._say(place, text)
        for path, fact in theirs.items():
            parent = ours.get(_parent(path))
            if path in ours or parent is None or not parent.types or parent.open:
                continue
            text = "the document requires it" if fact.required else ""
            yield from self._say(f"{where} {path}".strip(), text)

    def _say(self, where: str, text: str) -> Iterator[str]:
        """Yield a difference (an addition without a text), unless it is a known deviation."""
        excuse = next((d for d in self._operation.deviations if _covers(d, where)), None)
        if excuse is not None:
            self._excused.add(excuse)
        elif text:
            yield f"{self._operation.name}: {where}: {text}"
        else:
            yield f"+ {self._operation.name}: {where}"

    def _entry(self, path: str) -> Mapping[str, Any] | None:
        """Return the entry of a path with this method; exact paths win over parameters."""
        method = self._operation.method.lower()
        prefixes = ("", "/v2") if self._operation.document == "endpoints" else ("",)
        wanted = [prefix + path for prefix in prefixes]
        known = {
            template: _with_shared(entries, method)
            for template, entries in self._official["paths"].items()
            if method in entries
        }
        for template, entry in known.items():
            if _bare(template) in wanted:
                return entry
        for template, entry in known.items():
            parameters = [self._resolved(part) for part in entry["parameters"]]
            if any(_fits(template, path, parameters) for path in wanted):
                return entry
        return None

    def _resolved(self, part: Any) -> Any:
        """Return a part of the document, or what its `$ref` points to."""
        while isinstance(part, Mapping) and "$ref" in part:
            target: Any = self._official
            for key in str(part["$ref"]).removeprefix("#/").split("/"):
                target = target.get(key, {})
            part = target
        return part


def _with_shared(entries: Mapping[str, Any], method: str) -> Mapping[str, Any]:
    """Return an operation with the parameters that all methods of its path share."""
    entry: Mapping[str, Any] = entries[method]
    return {**entry, "parameters": [*entries.get("parameters", ()), *entry.get("parameters", ())]}


def _content(part: Any) -> Any:
    """Return the schema of a body or response; None if there is none."""
    content = (part or {}).get("content") or {}
    for kind in ("application/json", "application/x-www-form-urlencoded", *content):
        if kind in content:
            return content[kind].get("schema")
    return None


def _contradictions(ours: Fact, theirs: Fact) -> Iterator[str]:
    if ours.required != theirs.required:
        yield _required(theirs.required)
    if not ours.types or not theirs.types:
        return
    mine, other = _comparable(ours.types), _comparable(theirs.types)
    if mine != other:
        yield f"the document has {_listed(theirs.types)}, the contract {_listed(ours.types)}"
    if ours.values != theirs.values:
        if ours.values is None or theirs.values is None:
            yield "only one of the two lists the values"
        else:
            more, less = theirs.values - ours.values, ours.values - theirs.values
            if more:
                yield f"the document also allows {_listed(more)}"
            if less:
                yield f"the document does not allow {_listed(less)}"
    for key in sorted(ours.limits.keys() | theirs.limits.keys()):
        one, two = ours.limits.get(key), theirs.limits.get(key)
        if one != two:
            yield f"{key} is {_shown(two)} in the document, {_shown(one)} in the contract"


def _comparable(types: frozenset[str]) -> frozenset[str]:
    """Return the types, with integers as numbers."""
    return frozenset("number" if name == "integer" else name for name in types)


def _required(required: bool) -> str:
    return "the document requires it" if required else "the document does not require it"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _shown(value: Any) -> str:
    return "not set" if value is None else str(value)


def _bare(path: str) -> str:
    """Return a path template without the names of its parameters."""
    return "/".join("{}" if segment.startswith("{") else segment for segment in path.split("/"))


def _fits(template: str, path: str, parameters: list[Any]) -> bool:
    """Return whether an official template covers a path whose fixed parts it has as parameters."""
    theirs, ours = template.split("/"), path.split("/")
    if len(theirs) != len(ours):
        return False
    allowed = {
        p["name"]: p.get("schema", {}).get("enum") for p in parameters if p.get("in") == "path"
    }
    for segment, fixed in zip(theirs, ours, strict=True):
        if segment == fixed:
            continue
        if not segment.startswith("{"):
            return False
        values = allowed.get(segment.strip("{}"))
        if fixed != "{}" and values is not None and fixed not in values:
            return False
    return True


def _parent(path: str) -> str:
    """Return the path of what holds a field or item."""
    if path.endswith("[]"):
        return path[:-2]
    return path.rpartition(".")[0]


def _covers(deviation: str, where: str) -> bool:
    """Return whether a deviation names a place or one that contains it."""
    return where == deviation or where.startswith(
        (f"{deviation}.", f"{deviation}[", f"{deviation} ")
    )
