"""Types of numbers and text with the range that they may have."""

from __future__ import annotations

from typing import Annotated, TypeGuard

from pydantic import Field

Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0)]  # of time, money or anything else
PositiveAmount = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]


def is_fertility(value: object) -> TypeGuard[float]:
    """Whether this may be a ratio of tokens; the worst known ones are about 20."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.2 <= value <= 50
