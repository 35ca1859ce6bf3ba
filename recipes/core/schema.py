"""Build a settings class from a section of a recipe's YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from recipes.core.errors import Unworkable
from recipes.validation.errors import InvalidInput
from recipes.validation.models import parse

T = TypeVar("T")


def build(settings_class: Callable[..., T], values: object, key: str) -> T:
    """Build `settings_class` from plain values; raise UserError that starts with a path.

    `key` is where the values are in the recipe, such as `generate.teacher`.
    """
    try:
        return parse(settings_class, values, key)
    except InvalidInput as error:
        raise Unworkable(str(error)) from error
