"""The speed of our evaluation against lm-evaluation-harness, with equal items, batch and scores.

Run with `pytest tests/bench/test_lm_eval_speed.py -s`; prints items per CPU second for both, not
counting the loading. The items are those of the practice benchmarks, with three shots as in the
real recipe.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.evaluate import significance
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.benchmarks import Item, Task
from recipes.evaluate.settings import ChoiceSettings, EvaluateSettings, GenerationSettings
from tests.recipes.evaluate import lm_eval_tasks

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]
SHOTS, BATCH = 3, 64


def with_shots(task: Task) -> Task:
    """Show the first items before each of the others."""
    shots = tuple((item.prompt, item.reference) for item in task.items[:SHOTS])
    return replace(task, items=tuple(replace(item, shots=shots) for item in task.items[SHOTS:]))


def timed(call: Callable[..., Any], *args: Any) -> tuple[Any, float]:
    """Return the result of a call and its CPU seconds."""
    started_at = time.process_time()
    return call(*args), time.process_time() - started_at


def test_items_per_second_against_the_harness(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    section = replace(
        lm_eval_tasks.practice(),
        choice=ChoiceSettings(BATCH, "none"),
        generation=GenerationSettings(BATCH, 40),
    )
    tasks = [with_shots(task) for task in lm_eval_tasks.tasks(tmp_path, section)]
    model = AutoModelForCausalLM.from_pretrained(lm_eval_tasks.BASE, dtype="float32").train(False)
    ours = transformers_lm.TransformersModel(
        model, AutoTokenizer.from_pretrained(lm_eval_tasks.BASE)
    )
    harness = lm_eval_tasks.model(BATCH)
    print()
    for task in tasks:
        outputs, our_seconds = timed(answers, ours, task, section)
        rendered = as_rendered(ours, task)
        harness_task = lm_eval_tasks.as_harness_task(
            tmp_path, "t", rendered, section.generation.max_new_tokens
        )
        results, their_seconds = timed(lm_eval_tasks.run, harness, [harness_task], False)
        main = significance.score_tasks([task], [[outputs, outputs]], section)[0].main_score
        score = results["results"]["t"]["acc,none" if main.metric == "accuracy" else "chrf++,none"]
        assert main.comparison.base.value == pytest.approx(score, abs=1e-9)
        count = len(task.items)
        print(
            f"{task.benchmark:>9} {task.direction or '':<18} {count} items: "
            f"ours {count / our_seconds:7.1f}/s, lm_eval {count / their_seconds:7.1f}/s, "
            f"{their_seconds / our_seconds:.1f}x"
        )


def answers(
    ours: transformers_lm.TransformersModel, task: Task, section: EvaluateSettings
) -> Sequence[Any]:
    if task.metric == "accuracy":
        return ours.log_likelihoods(task.items, section.choice, lambda _: None)
    return ours.generate(task.items, section.generation, lambda _: None)


def as_rendered(ours: transformers_lm.TransformersModel, task: Task) -> Task:
    """Replace each prompt by the rendered chat, because the harness does not know our turns."""

    def text(item: Item) -> str:
        rendered = ours.tokenizer.apply_chat_template(
            item.messages, tokenize=False, add_generation_prompt=True
        )
        return str(rendered)

    return replace(task, items=tuple(replace(item, prompt=text(item)) for item in task.items))
