"""A part of a recipe's YAML becomes a dataclass, or is refused by the name of its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from recipes.refusal import Refusal

T = TypeVar("T")


def build(kind: Callable[..., T], values: object, key: str) -> T:
    """Make `kind` of the mapping `values`; raises Refusal for a key that is missing or unknown."""
    if not isinstance(values, dict):
        raise Refusal(f"`{key}` in the recipe must hold keys and values, not {values!r}.")
    try:
        return kind(**values)
    except TypeError as error:
        wrong = str(error).removeprefix(f"{getattr(kind, '__name__', '')}.__init__() ")
        raise Refusal(f"`{key}` in the recipe is not as it must be: {wrong}.") from error
