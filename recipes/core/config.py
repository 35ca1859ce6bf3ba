"""Read the YAML of a recipe, which holds all its numbers, and compute the digest that names a run.

Two runs with the same digest are the same run. Bot and recipes both compute it, so it depends on
the text as written, not on how it is parsed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recipes.core.benchmarks.exclusions import exclusions
from recipes.core.errors import Unworkable
from recipes.core.language import find, is_known
from recipes.validation.errors import InvalidInput, quote
from recipes.validation.recipe_check import check_recipe
from recipes.validation.recipe_files import PACKAGED, packaged_names, read_recipe, recipe_text

# ISO 639-3, ISO 15924 and, for a few languages of FLORES+, a variety.
CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?")
Section = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """A recipe with `{org}` (if given) and `{code}` filled in; `text` is as written.

    A section that the recipe does not have is empty.
    """

    name: str
    text: str
    digest: str
    org: str | None
    language: str
    plan: Section = field(default_factory=dict)
    check: Section = field(default_factory=dict)
    generate: Section = field(default_factory=dict)
    bake_off: Section = field(default_factory=dict)
    train: Section = field(default_factory=dict)
    evaluate: Section = field(default_factory=dict)
    export: Section = field(default_factory=dict)
    review: Section = field(default_factory=dict)

    @property
    def practice(self) -> bool:
        """Whether all outputs of this recipe must say that they are practice."""
        return bool(self.plan.get("practice", False))


def load(name_or_path: str, org: str | None, language: str) -> Config:
    """Read a packaged recipe ("practice") or a path, for a language's code, tag or name.

    Unless the recipe has its own `generate.benchmarks`, no row may overlap with its evaluation.
    Raises UserError for an unknown recipe or language, and for a wrong setting of any section.
    """
    if not (CODE.fullmatch(language) and is_known(language)):
        language = find(language).code
    # Not `{language}`: that is a field of prompts, for the name.
    placeholders = {"{code}": language} | ({"{org}": org} if org else {})
    path = Path(name_or_path)
    try:
        text = _read(name_or_path)
        sections = read_recipe(text, f"The recipe {path.name}", placeholders)
        check_recipe(sections)
    except InvalidInput as error:
        raise Unworkable(str(error)) from error
    config = Config(path.stem, text, digest(text, language), org, language, **sections)
    evaluated = config.evaluate.get("benchmarks")
    config.generate.setdefault("benchmarks", exclusions(evaluated, language))
    return config


def digest(text: str, language: str) -> str:
    """Return the sha256 (hex) of the recipe's text, a newline and the language."""
    return hashlib.sha256(f"{text}\n{language}".encode()).hexdigest()


def _read(name_or_path: str) -> str:
    names = packaged_names()
    path = PACKAGED / f"{name_or_path}.yaml" if name_or_path in names else Path(name_or_path)
    if not path.is_file():
        raise Unworkable(
            f"There is no recipe {quote(name_or_path)}: use {', '.join(names)}, or the path of a "
            "file."
        )
    return recipe_text(path)
