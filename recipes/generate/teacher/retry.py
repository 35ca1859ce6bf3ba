"""Repeat a request until its answer has the requested format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from recipes.generate.prompts import parsing
from recipes.generate.prompts.parsing import InvalidFormat
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import NoAnswer, readable
from recipes.generate.teacher.openai import Effort

T = TypeVar("T")


async def complete_parsed(
    teacher: Teacher,
    messages: Sequence[Message],
    seed: int,
    parse: Callable[[Answer], T],
    common: bool = False,
    schema: Mapping[str, Any] | None = None,
    effort: Effort | None = None,
) -> T:
    """Return what `parse` makes of the answer, with another seed for each of the tries.

    A teacher that gives the same answer to another seed is not asked again. Raises NoAnswer with
    the last reason, and the start of the last answer, when none can be parsed.
    """
    reason, earlier = "", None
    for attempt in range(teacher.settings.tries if teacher.heeds_seeds else 1):
        answer = await teacher.complete(
            messages, seed + attempt, common, schema, effort, sends_seed=attempt > 0
        )
        if earlier is not None:
            teacher.note_second_answer(is_same=answer.text == earlier.text != "")
        try:
            return parse(answer)
        except InvalidFormat as error:
            reason, earlier = str(error), answer
    raise NoAnswer(reason, readable(earlier.text) if earlier else "")


def list_in(at_most: int, answer: Answer) -> list[str]:
    """Return the texts of a list; raises InvalidFormat."""
    parsing.check_finished(answer.finish)
    return parsing.texts(answer.text, at_most)


def turns_in(originals: tuple[Message, ...], answer: Answer) -> list[Message]:
    """Return one turn for each of the originals; raises InvalidFormat."""
    parsing.check_finished(answer.finish)
    return parsing.turns(answer.text, originals)


def text_in(answer: Answer) -> str:
    """Return the text of an answer; raises InvalidFormat."""
    parsing.check_finished(answer.finish)
    return parsing.text(answer.text)
