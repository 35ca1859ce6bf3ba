"""Ask until the answer has the shape that was asked for, each time with another seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from recipes.generate.prompts.parsing import InvalidFormat
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.openai import Answer, NoAnswer

T = TypeVar("T")


async def shaped(
    teacher: Teacher,
    messages: Sequence[Message],
    seed: int,
    read: Callable[[Answer], T],
    common: bool = False,
    schema: Mapping[str, Any] | None = None,
) -> T:
    """What `read` makes of the answer; raises NoAnswer with the reason when no try gave one."""
    reason = ""
    for number in range(teacher.settings.tries):
        try:
            return read(await teacher.ask(messages, seed + number, common, schema))
        except InvalidFormat as misshapen:
            reason = str(misshapen)
    raise NoAnswer(reason)
