"""A recipe's numbers, read once at the door; code holds none of them.

The digest of the text and the language is what makes two runs "the same": bot and recipes compute
it alike, so it is made from the text as written and never from what was parsed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from recipes.core.errors import UserError
from recipes.core.language import is_known, named

SECTIONS = ("plan", "check", "generate", "bake_off", "train", "evaluate", "export", "review")
# ISO 639-3, ISO 15924 and, for a few varieties of FLORES+, what tells them apart.
CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?")


@dataclass(frozen=True)
class Config:
    """A recipe with `{org}` (where one is given) and `{language}` filled in; `text` and `digest`
    are as written."""

    name: str
    text: str
    digest: str
    org: str | None
    language: str
    plan: dict[str, Any]
    check: dict[str, Any]
    generate: dict[str, Any]
    bake_off: dict[str, Any]
    train: dict[str, Any]
    evaluate: dict[str, Any]
    export: dict[str, Any]
    review: dict[str, Any]

    @property
    def practice(self) -> bool:
        """Whether everything made by this recipe must say that it is practice."""
        return bool(self.plan.get("practice", False))


def load(name_or_path: str, org: str | None, language: str) -> Config:
    """Read a packaged recipe ("practice") or a path, for a language's code, tag or name.

    Raises UserError for what cannot be used.
    """
    if not (CODE.fullmatch(language) and is_known(language)):
        language = named(language).code
    text = _read(name_or_path)
    values = {"{org}": org, "{language}": language} if org else {"{language}": language}
    sections = _sections(name_or_path, text, values)
    name = Path(name_or_path).stem
    return Config(name, text, digest(text, language), org, language, **sections)


def digest(text: str, language: str) -> str:
    """The sha256 (hex) that names a run: the recipe's text, a newline, the language."""
    return hashlib.sha256(f"{text}\n{language}".encode()).hexdigest()


def _read(name_or_path: str) -> str:
    here = Path(__file__).parents[1]
    packaged = {path.stem: path for path in here.glob("*.yaml")}
    path = packaged.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        names = ", ".join(sorted(packaged))
        raise UserError(f"No recipe {name_or_path!r}: give one of {names}, or the path of a file.")
    return path.read_text(encoding="utf-8")


def _sections(name: str, text: str, values: dict[str, str]) -> dict[str, dict[str, Any]]:
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"Recipe {name!r} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(parsed, dict):
        raise UserError(f"Recipe {name!r} must be a mapping with the keys {', '.join(SECTIONS)}.")
    unknown = sorted(str(key) for key in parsed if key not in SECTIONS)
    if unknown:
        raise UserError(
            f"Recipe {name!r} has the unknown top key {', '.join(unknown)}: "
            f"it may have {', '.join(SECTIONS)}."
        )
    return {key: _fill(parsed.get(key) or {}, values) for key in SECTIONS}


def _fill(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if isinstance(value, str):
        for mark, filling in values.items():
            value = value.replace(mark, filling)
    return value
