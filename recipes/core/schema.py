"""A part of a recipe's YAML becomes a dataclass, or is refused by the name of its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from recipes.core.errors import UserError

T = TypeVar("T")


def build(kind: Callable[..., T], values: object, key: str) -> T:
    """Build `kind` from a mapping; raises UserError for a missing or an unknown key."""
    if not isinstance(values, dict):
        raise UserError(f"`{key}` in the recipe must hold keys and values, not {values!r}.")
    try:
        return kind(**values)
    except TypeError as error:
        wrong = str(error).removeprefix(f"{getattr(kind, '__name__', '')}.__init__() ")
        raise UserError(f"`{key}` in the recipe is not as it must be: {wrong}.") from error
