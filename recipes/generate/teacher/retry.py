"""Repeat a request until its answer has the requested format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from recipes.generate.prompts.parsing import InvalidFormat
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.openai import Answer, NoAnswer

T = TypeVar("T")


async def complete_parsed(
    teacher: Teacher,
    messages: Sequence[Message],
    seed: int,
    parse: Callable[[Answer], T],
    common: bool = False,
    schema: Mapping[str, Any] | None = None,
) -> T:
    """Return what `parse` makes of the answer, with another seed for each of the tries.

    Raises NoAnswer with the last reason when no answer can be parsed.
    """
    reason = ""
    for attempt in range(teacher.settings.tries):
        try:
            return parse(await teacher.complete(messages, seed + attempt, common, schema))
        except InvalidFormat as error:
            reason = str(error)
    raise NoAnswer(reason)
