"""Prompts about real texts: translate, summarise, improve, classify, question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

from pydantic import Field

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import ENGLISH, Prompt
from recipes.generate.sources import responses
from recipes.generate.teacher.workers import Work
from recipes.validation.ranges import Count

NOT_ALL_ZERO: Any = {
    "not": {"additionalProperties": {"const": 0}},
    "errorMessage": "give at least one task a weight above 0",
}
Weights = Annotated[dict[templates.Task, Count], Field(json_schema_extra={"allOf": [NOT_ALL_ZERO]})]


@dataclass(frozen=True)
class TextTaskSettings:
    """How many prompts are made about real texts."""

    texts: Count
    """The number of texts."""
    per_text: Count
    """Prompts for each text, at most."""
    weights: Weights
    """How often each task is chosen."""

    @property
    def rows(self) -> int:
        """The number of rows if every answer is good."""
        return self.texts * self.per_text


SOURCE = "contexts"


def root_work(
    context: GenerationContext,
    settings: TextTaskSettings,
    response_settings: responses.ResponseSettings,
    texts: Iterable[str],
    at_most: int,
) -> Iterator[Work]:
    """Yield one root for each text, for at most `at_most` rows in total."""
    for number, text in enumerate(texts):
        if quota := min(settings.per_text, at_most):
            at_most -= quota
            path = f"{SOURCE}/{number}"
            yield partial(_write_prompts, context, settings, response_settings, path, text, quota)


async def _write_prompts(
    context: GenerationContext,
    settings: TextTaskSettings,
    response_settings: responses.ResponseSettings,
    path: str,
    text: str,
    quota: int,
) -> Sequence[Work]:
    tasks, weights = zip(*settings.weights.items(), strict=True)
    task = cast(templates.Task, context.random(path).choices(tasks, weights)[0])
    count, language = settings.per_text, context.language
    wordings = await context.complete_list(
        templates.write_context_prompts(count, text, task, language.name), count
    )
    answer_language = ENGLISH if task == "translate" else language.code
    prompts = [
        Prompt(SOURCE, f"{path}/{task}/{n}", wording, answer_language, task, text)
        for n, wording in enumerate(wordings)
    ]
    return responses.response_work(context, response_settings, prompts, quota)
