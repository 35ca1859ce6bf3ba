"""Prompts on real texts of the language: translate, summarise, improve, classify, question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from recipes.generate.context import GenerationContext
from recipes.generate.prompts import templates
from recipes.generate.schema import ENGLISH, Prompt
from recipes.generate.sources import responses
from recipes.generate.teacher.workers import Work


@dataclass(frozen=True)
class TextTaskSettings:
    """`texts`: how many; `per_text`: at most so many prompts for each; `weights`: of the tasks."""

    texts: int
    per_text: int
    weights: dict[templates.Task, int]

    @property
    def rows(self) -> int:
        """How many rows there will be when every answer is good."""
        return self.texts * self.per_text


SOURCE = "contexts"


def grow(
    harvest: GenerationContext,
    settings: TextTaskSettings,
    rows: responses.ResponseSettings,
    texts: Iterable[str],
    at_most: int,
) -> Iterator[Work]:
    """One root for each text; `at_most` so many rows in all."""
    for number, text in enumerate(texts):
        if quota := min(settings.per_text, at_most):
            at_most -= quota
            path = f"{SOURCE}/{number}"
            yield partial(_prompts, harvest, settings, rows, path, text, quota)


async def _prompts(
    harvest: GenerationContext,
    settings: TextTaskSettings,
    rows: responses.ResponseSettings,
    path: str,
    text: str,
    quota: int,
) -> Sequence[Work]:
    tasks, weights = zip(*settings.weights.items(), strict=True)
    task = cast(templates.Task, harvest.random(path).choices(tasks, weights)[0])
    count, language = settings.per_text, harvest.language
    found = await harvest.list_of(
        templates.write_context_prompts(count, text, task, language.name), count
    )
    answer_in = ENGLISH if task == "translate" else language.code
    grown = [
        Prompt(SOURCE, f"{path}/{task}/{n}", wording, answer_in, task, text)
        for n, wording in enumerate(found)
    ]
    return responses.work_on(harvest, rows, grown, quota)
