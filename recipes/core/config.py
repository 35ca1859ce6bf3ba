"""Read the YAML of a recipe, which holds all its numbers, and compute the digest that names a run.

Two runs with the same digest are the same run. Bot and recipes both compute it, so it depends on
the text as written, not on how it is parsed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from recipes.core.benchmarks.exclusions import exclusions
from recipes.core.errors import UserError
from recipes.core.language import find, is_known
from recipes.validation.errors import InvalidInput, quote
from recipes.validation.models import Partial, parse
from recipes.validation.plan import Plan
from recipes.validation.recipe_files import PACKAGED, packaged_names, read_recipe, recipe_text

# ISO 639-3, ISO 15924 and, for a few languages of FLORES+, a variety.
CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?")


@dataclass(frozen=True)
class Sections:
    """The keys of a recipe. What is in each is checked by the step that reads it, before it runs.

    A recipe that is only run by hand may leave out what the bot needs of the plan.
    """

    plan: Annotated[dict[str, Any], Partial(Plan, deep=True)] = field(default_factory=dict)
    check: dict[str, Any] = field(default_factory=dict)
    generate: dict[str, Any] = field(default_factory=dict)
    bake_off: dict[str, Any] = field(default_factory=dict)
    train: dict[str, Any] = field(default_factory=dict)
    evaluate: dict[str, Any] = field(default_factory=dict)
    export: dict[str, Any] = field(default_factory=dict)
    review: dict[str, Any] = field(default_factory=dict)


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
    values = {"{org}": org, "{language}": language} if org else {"{language}": language}
    try:
        text = _read(name_or_path)
        sections = _sections(name_or_path, text, values)
    except InvalidInput as error:
        raise UserError(str(error)) from error
    evaluated = sections["evaluate"].get("benchmarks")
    sections["generate"].setdefault("benchmarks", exclusions(evaluated, language))
    name = Path(name_or_path).stem
    return Config(name, text, digest(text, language), org, language, **sections)


def digest(text: str, language: str) -> str:
    """Return the sha256 (hex) of the recipe's text, a newline and the language."""
    return hashlib.sha256(f"{text}\n{language}".encode()).hexdigest()


def _read(name_or_path: str) -> str:
    names = packaged_names()
    path = PACKAGED / f"{name_or_path}.yaml" if name_or_path in names else Path(name_or_path)
    if not path.is_file():
        raise UserError(
            f"There is no recipe {quote(name_or_path)}: use {', '.join(names)}, or the path of a "
            "file."
        )
    return recipe_text(path)


def _sections(name: str, text: str, values: dict[str, str]) -> dict[str, dict[str, Any]]:
    parsed = read_recipe(text, f"The recipe {Path(name).name}")
    return vars(parse(Sections, _fill_placeholders(parsed, values), ""))


def _fill_placeholders(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill_placeholders(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill_placeholders(item, values) for item in value]
    if isinstance(value, str):
        for placeholder, replacement in values.items():
            value = value.replace(placeholder, replacement)
    return value
