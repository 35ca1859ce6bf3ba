"""Read YAML and JSON as plain values: mappings, lists, text, numbers, booleans and None.

Whatever else the formats allow (other tags and keys, repeated keys, infinite numbers) is refused.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

import yaml

from recipes.validation.errors import InvalidInput, quote, shorten

LONGEST_YAML = 300_000  # letters; PyYAML reads about 100,000 in a second
DEEPEST = 50
MOST_VALUES = 50_000  # aliases in YAML can make billions of a few lines
LARGEST_INTEGER = 2**64
# What PyYAML raises for a value that does not fit its tag, as in `!!int ""`.
_MISFITS = (ValueError, LookupError, TypeError, AttributeError)
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # cannot be written as UTF-8


def read_yaml(content: str | bytes, name: str) -> Any:
    """Return the value of a YAML document; raise InvalidInput, which starts with `name`.

    Dates are text. Aliases and merge keys are resolved.
    """
    text = decoded(content, name)
    if len(text) > LONGEST_YAML:
        raise InvalidInput(f"{name} is too long: use at most {LONGEST_YAML:,} letters.")
    try:
        value = _parse(text)
    except (yaml.YAMLError, *_MISFITS) as error:
        raise InvalidInput(f"{name} is not valid YAML: {_problem(error)}.") from error
    except RecursionError as error:
        raise InvalidInput(f"{name} is nested too deeply: use at most {DEEPEST} levels.") from error
    return _Plain(name).copy(value, ())


@lru_cache(maxsize=8)  # the same recipes are read again and again, and PyYAML is slow
def _parse(text: str) -> Any:
    """Return what PyYAML makes of a text; callers must copy it."""
    return yaml.load(text, Loader=_Loader)


def read_json(content: str | bytes, name: str) -> Any:
    """Return the value of a JSON document; raise InvalidInput, which starts with `name`."""
    text = decoded(content, name)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InvalidInput(f"{name} is not valid JSON: {_problem(error)}.") from error
    except RecursionError as error:
        raise InvalidInput(f"{name} is nested too deeply: use at most {DEEPEST} levels.") from error
    return _Plain(name, most_values=None).copy(value, ())


def path_of(location: tuple[str | int, ...]) -> str:
    """Return a path as people write it: `generate.texts[0].repo`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_short(part)}" for part in location)
    return "".join(parts).removeprefix(".")


def _short(key: str) -> str:
    return key if key.isidentifier() else shorten(key)


def decoded(content: str | bytes, name: str) -> str:
    """Return UTF-8 bytes as text; raise InvalidInput, which starts with `name`."""
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not UTF-8 text: save it in that encoding.") from error


def _problem(error: Exception) -> str:
    text = str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        text = f"{error.problem} in line {error.problem_mark.line + 1}"
    elif isinstance(error, _MISFITS) and not isinstance(error, ValueError):
        text = "a value does not fit the tag before it"
    return shorten(text.rstrip("."), longest=120)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but keys must not repeat, and dates are text."""

    yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    _merged = _depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        """Compose a node; what is nested far too deeply would take PyYAML seconds."""
        if self._depth > 2 * DEEPEST:
            raise RecursionError
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping; its keys are its own until merge keys are resolved."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if repeated := _repeated(keys):
            raise _refusal(f"the key {repeated} is there twice", node)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Resolve merge keys, a few lines of which can double a mapping a hundred times."""
        super().flatten_mapping(node)
        self._merged += len(node.value)
        if self._merged > MOST_VALUES:
            raise _refusal(f"there are more than {MOST_VALUES:,} keys", node)


def _refusal(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if repeated := _repeated([key for key, _ in pairs]):
        raise ValueError(f"the key {repeated} is there twice")
    return dict(pairs)


def _repeated(keys: list[str]) -> str | None:
    """Return the first key that is there twice, quoted."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return quote(key)
        seen.add(key)
    return None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")


class _Plain:
    """Copies a value that has only plain parts, and refuses any other."""

    def __init__(self, name: str, most_values: int | None = MOST_VALUES) -> None:
        self._name = name
        self._most = most_values
        self._count = 0

    def copy(self, value: object, location: tuple[str | int, ...]) -> Any:
        self._count += 1
        if self._most is not None and self._count > self._most:
            raise InvalidInput(f"{self._name} has too many values: use at most {self._most:,}.")
        if len(location) > DEEPEST:
            raise InvalidInput(f"{self._name} is nested too deeply: use at most {DEEPEST} levels.")
        match value:
            case dict():
                return {self._key(key, location): self.copy(item, (*location, str(key)))
                        for key, item in value.items()}  # fmt: skip
            case list():
                return [self.copy(item, (*location, at)) for at, item in enumerate(value)]
            case str() if _SURROGATE.search(value):
                raise self._error(location, f"{quote(value)} has half a letter: write it again")
            case bool() | str() | None:
                return value
            case int() if abs(value) < LARGEST_INTEGER:
                return value
            case float() if math.isfinite(value):
                return value
            case int() | float():
                raise self._error(location, f"{quote(value)} is not a finite number of usual size")
        raise self._error(location, f"a {type(value).__name__} is not allowed: write text instead")

    def _key(self, key: object, location: tuple[str | int, ...]) -> str:
        if isinstance(key, str):
            return key
        raise self._error(location, f"the key {quote(key)} is not text: put it in quotes")

    def _error(self, location: tuple[str | int, ...], problem: str) -> InvalidInput:
        return InvalidInput(
            f"{': '.join(filter(None, (self._name, path_of(location))))}: {problem}."
        )
