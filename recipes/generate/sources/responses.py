"""From a prompt to a row: revised or not, answered, with or without its reasoning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import ENGLISH, PLACEHOLDER, Draft, Message, Prompt, Row
from recipes.generate.teacher.workers import Work


@dataclass(frozen=True)
class ResponseSettings:
    """`revised`: share of prompts made harder; `thinking`: whether rows show the reasoning;
    `system_prompts`: whether rows carry the system prompt that says so."""

    revised: float
    thinking: bool
    system_prompts: bool


def work_on(
    harvest: GenerationContext, settings: ResponseSettings, asked: Sequence[Prompt], quota: int
) -> list[Work]:
    """The work that makes a row of each prompt, up to the quota; there may be fewer prompts."""
    taken = asked[:quota]
    harvest.missing += quota - len(taken)
    return [partial(respond, harvest, settings, prompt) for prompt in taken]


async def respond(
    harvest: GenerationContext, settings: ResponseSettings, prompt: Prompt
) -> Sequence[Work]:
    """Make one row of the prompt."""
    if harvest.random(f"{prompt.path}/revise").random() < settings.revised:
        revised = await harvest.text(templates.revise(prompt.wording, harvest.language.name))
        if revised and revised.count(PLACEHOLDER) == prompt.wording.count(PLACEHOLDER):
            prompt = replace(prompt, wording=revised, revised=True)
    told = "English" if prompt.answer_in == ENGLISH else harvest.language.name
    answer = await harvest.ask(templates.answer(prompt.text, told), lambda answer: answer)
    if answer is not None:
        thought = answer.reasoning.strip() if settings.thinking else ""
        said = [
            Message(role="user", content=prompt.text),
            Message(role="assistant", content=_said(answer.text.strip(), thought)),
        ]
        row = replace(
            row_of(harvest, prompt.source, prompt.path, said, settings, bool(thought)),
            about=prompt.about,
            revised=prompt.revised,
        )
        languages = (
            None if prompt.answer_in == ENGLISH else harvest.language.code,
            prompt.answer_in,
        )
        harvest.take(Draft(row, languages, finish=answer.finish))
    return ()


def row_of(
    harvest: GenerationContext,
    source: str,
    path: str,
    turns: Sequence[Message],
    settings: ResponseSettings,
    thinking: bool,
) -> Row:
    """A row, with the system prompt for its mode when rows carry one."""
    system = templates.THINKING if thinking else templates.CONCISE
    told = [Message(role="system", content=system)] if settings.system_prompts else []
    return Row(source, path, harvest.teacher.settings.model, (*told, *turns))


def _said(text: str, thought: str) -> str:
    return f"<think>\n{thought}\n</think>\n\n{text}" if thought else text
