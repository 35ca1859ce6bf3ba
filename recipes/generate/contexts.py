"""Prompts on real texts of the language: translate, summarise, improve, classify, question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from recipes.generate import answers, prompts
from recipes.generate.crew import Work
from recipes.generate.harvest import Harvest
from recipes.generate.row import ENGLISH, Prompt


@dataclass(frozen=True)
class Settings:
    """`texts`: how many; `per_text`: at most so many prompts for each; `weights`: of the tasks."""

    texts: int
    per_text: int
    weights: dict[prompts.Task, int]


def grow(
    harvest: Harvest, settings: Settings, rows: answers.Settings, texts: Sequence[str]
) -> Iterator[Work]:
    """One root for each text."""
    for number, text in enumerate(texts):
        yield partial(_prompts, harvest, settings, rows, f"contexts/{number}", text)


async def _prompts(
    harvest: Harvest, settings: Settings, rows: answers.Settings, path: str, text: str
) -> Sequence[Work]:
    tasks, weights = zip(*settings.weights.items(), strict=True)
    task = cast(prompts.Task, harvest.random(path).choices(tasks, weights)[0])
    count, language = settings.per_text, harvest.language
    found = await harvest.list_of(
        prompts.write_context_prompts(count, text, task, language.name), count
    )
    answer_in = ENGLISH if task == "translate" else language.code
    grown = [
        Prompt("contexts", f"{path}/{task}/{n}", wording, answer_in, context=text)
        for n, wording in enumerate(found)
    ]
    return answers.work_on(harvest, rows, grown, count)
