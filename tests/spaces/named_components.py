"""Stand-ins for the components of a page."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def named_components(components: Any, **more: Any) -> Any:
    """Return components that are their own names, so that handlers return values by name."""
    return components(**{field.name: field.name for field in fields(components)} | more)
