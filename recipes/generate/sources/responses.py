"""From a prompt to a row: revised or not, with a response, with or without its reasoning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import ENGLISH, PLACEHOLDER, Draft, Message, Prompt, Row
from recipes.generate.teacher.openai import Effort
from recipes.generate.teacher.workers import Work
from recipes.validation.ranges import Share


@dataclass(frozen=True)
class ResponseSettings:
    """How prompts are answered."""

    revised: Share
    """The share (0 to 1) of prompts that are made longer and harder."""
    thinking: bool
    """Whether rows have the teacher's reasoning."""
    system_prompts: bool
    """Whether rows have a system prompt that asks for reasoning or for none."""
    concise: Share = 0.0
    """The share (0 to 1) of answers without reasoning, if others have it: both are evaluated."""
    effort: Effort | None = None
    """The reasoning effort of answers with reasoning; null is that of all other requests."""

    def keeps_reasoning(self, random: Random) -> bool:
        """Decide whether a row has the teacher's reasoning."""
        return self.thinking and random.random() >= self.concise


def response_work(
    context: GenerationContext,
    settings: ResponseSettings,
    prompts: Sequence[Prompt],
    quota: int,
) -> list[Work]:
    """Return the work that makes a row of each prompt, up to the quota."""
    used = prompts[:quota]
    context.missing += quota - len(used)
    return [partial(respond, context, settings, prompt) for prompt in used]


async def respond(
    context: GenerationContext, settings: ResponseSettings, prompt: Prompt
) -> Sequence[Work]:
    """Make one row of a prompt."""
    if context.random(f"{prompt.path}/revise").random() < settings.revised:
        revised = await context.complete_text(
            templates.revise(prompt.wording, context.language.name), is_row=False
        )
        if revised and revised.count(PLACEHOLDER) == prompt.wording.count(PLACEHOLDER):
            prompt = replace(prompt, wording=revised, revised=True)
    is_english = prompt.answer_language == ENGLISH
    name = "English" if is_english else context.language.name
    keeps_reasoning = settings.keeps_reasoning(context.random(f"{prompt.path}/think"))
    answer = await context.complete(
        templates.answer(prompt.text, name),
        lambda answer: answer,
        effort=settings.effort if keeps_reasoning else None,
    )
    if answer is not None:
        reasoning = answer.reasoning.strip() if keeps_reasoning else ""
        turns = [
            Message(role="user", content=prompt.text),
            Message(role="assistant", content=_with_reasoning(answer.text.strip(), reasoning)),
        ]
        row = replace(
            make_row(context, prompt.source, prompt.path, turns, settings, bool(reasoning)),
            about=prompt.about,
            revised=prompt.revised,
        )
        languages = (None if is_english else context.language.code, prompt.answer_language)
        context.add(Draft(row, languages, finish=answer.finish))
    return ()


def make_row(
    context: GenerationContext,
    source: str,
    path: str,
    turns: Sequence[Message],
    settings: ResponseSettings,
    has_reasoning: bool,
) -> Row:
    """Return a row, with a system prompt where the settings say so."""
    system = templates.THINKING if has_reasoning else templates.CONCISE
    first = [Message(role="system", content=system)] if settings.system_prompts else []
    return Row(source, path, context.teacher.settings.model, (*first, *turns))


def _with_reasoning(text: str, reasoning: str) -> str:
    return f"<think>\n{reasoning}\n</think>\n\n{text}" if reasoning else text
