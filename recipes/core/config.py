"""Read the YAML of a recipe, which holds all its numbers, and compute the digest that names a run.

Two runs with the same digest are the same run. Bot and recipes both compute it, so it depends on
the text as written, not on how it is parsed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from recipes.core.benchmarks.exclusions import exclusions
from recipes.core.errors import UserError
from recipes.core.language import find, is_known

SECTIONS = ("plan", "check", "generate", "bake_off", "train", "evaluate", "export", "review")
# ISO 639-3, ISO 15924 and, for a few languages of FLORES+, a variety.
CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?")


@dataclass(frozen=True)
class Config:
    """A recipe with `{org}` (if given) and `{language}` filled in; `text` is as written."""

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
        """Whether all outputs of this recipe must say that they are practice."""
        return bool(self.plan.get("practice", False))


def load(name_or_path: str, org: str | None, language: str) -> Config:
    """Read a packaged recipe ("practice") or a path, for a language's code, tag or name.

    Unless the recipe has its own `generate.benchmarks`, no row may overlap with its evaluation.
    Raises UserError for an unknown recipe, language or key.
    """
    if not (CODE.fullmatch(language) and is_known(language)):
        language = find(language).code
    text = _read(name_or_path)
    values = {"{org}": org, "{language}": language} if org else {"{language}": language}
    sections = _sections(name_or_path, text, values)
    evaluated = sections["evaluate"].get("benchmarks")
    sections["generate"].setdefault("benchmarks", exclusions(evaluated, language))
    name = Path(name_or_path).stem
    return Config(name, text, digest(text, language), org, language, **sections)


def digest(text: str, language: str) -> str:
    """Return the sha256 (hex) of the recipe's text, a newline and the language."""
    return hashlib.sha256(f"{text}\n{language}".encode()).hexdigest()


def _read(name_or_path: str) -> str:
    packaged = {path.stem: path for path in Path(__file__).parents[1].glob("*.yaml")}
    path = packaged.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        names = ", ".join(sorted(packaged))
        raise UserError(f"There is no recipe {name_or_path!r}: use {names}, or the path of a file.")
    return path.read_text(encoding="utf-8")


def _sections(name: str, text: str, values: dict[str, str]) -> dict[str, dict[str, Any]]:
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(
            f"The recipe {name!r} is not YAML: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(parsed, dict):
        raise UserError(
            f"The recipe {name!r} must be a mapping with the keys {', '.join(SECTIONS)}."
        )
    unknown = sorted(str(key) for key in parsed if key not in SECTIONS)
    if unknown:
        raise UserError(
            f"The recipe {name!r} has unknown keys ({', '.join(unknown)}). "
            f"Use only {', '.join(SECTIONS)}."
        )
    return {key: _fill_placeholders(parsed.get(key) or {}, values) for key in SECTIONS}


def _fill_placeholders(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill_placeholders(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_placeholders(item, values) for item in value]
    if isinstance(value, str):
        for placeholder, replacement in values.items():
            value = value.replace(placeholder, replacement)
    return value
