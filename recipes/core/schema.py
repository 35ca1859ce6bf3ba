"""Build a settings class from a section of a recipe's YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from recipes.core.errors import UserError

T = TypeVar("T")


def build(settings_class: Callable[..., T], values: object, key: str) -> T:
    """Build `settings_class` from a mapping; raise UserError for a missing or unknown key."""
    if not isinstance(values, dict):
        raise UserError(f"`{key}` in the recipe must be a mapping, not {values!r}.")
    try:
        return settings_class(**values)
    except TypeError as error:
        name = getattr(settings_class, "__name__", "")
        problem = str(error).removeprefix(f"{name}.__init__() ")
        raise UserError(f"`{key}` in the recipe is wrong: {problem}.") from error
