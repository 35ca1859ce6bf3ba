"""Read the file of a recipe, which may extend a packaged one.

A recipe with `extends: kakugo` only has what differs. Its text is that of both, as two documents of
one YAML stream, so that a digest of the text covers all numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

from recipes.validation.documents import decoded, read_yaml
from recipes.validation.errors import InvalidInput, quote

PACKAGED = Path(__file__).parents[1]
EXTENDS = "extends"
BOUNDARY = "\n---\n"  # of documents; no packaged recipe has another


def packaged_names() -> list[str]:
    """Return the names of the packaged recipes."""
    return sorted(path.stem for path in PACKAGED.glob("*.yaml"))


def recipe_text(path: Path) -> str:
    """Return the text of a recipe, after that of the recipe that it extends.

    Raises InvalidInput if one of them is not a recipe's text.
    """
    text = decoded(path.read_bytes(), path.name)
    own = read_yaml(text, path.name) if EXTENDS in text else None
    base = own.get(EXTENDS) if isinstance(own, dict) else None
    if base is None:
        return text
    if base not in packaged_names() or base == path.stem:
        names = ", ".join(packaged_names())
        raise InvalidInput(f"{EXTENDS}: {quote(base)} is not another packaged recipe: {names}.")
    return f"{recipe_text(PACKAGED / f'{base}.yaml')}{BOUNDARY}{text}"


def read_recipe(text: str, name: str, placeholders: Mapping[str, str]) -> Any:
    """Return the plain values of a recipe's text, with its placeholders, such as `{org}`, filled.

    Raises InvalidInput, which starts with `name`.
    """
    documents = [read_yaml(document, name) for document in text.split(BOUNDARY)]
    # One of comments only is what stands before the `---` of a recipe.
    values = reduce(merged, [document for document in documents if document is not None], None)
    if isinstance(values, dict):
        values.pop(EXTENDS, None)
    return _filled(values, placeholders)


def merged(base: Any, own: Any) -> Any:
    """Return `own` over `base`: mappings are merged, everything else is replaced."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return {**base, **{key: merged(base.get(key), value) for key, value in own.items()}}


def _filled(value: Any, placeholders: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, placeholders) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, placeholders) for item in value]
    if isinstance(value, str):
        for placeholder, replacement in placeholders.items():
            value = value.replace(placeholder, replacement)
    return value
