"""Evaluating against lm-evaluation-harness: the same items, model, processor, batch and scores.

The items are the practice benchmarks with three shots, as the real recipe asks them. Both are
measured in processor seconds of this process, loading left out, in one run; printed, never gated.
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
from recipes.evaluate.settings import Choice, EvaluateSettings, Generation
from tests.recipes.evaluate import lm_eval_tasks

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1800)]
SHOTS, BATCH = 3, 64


def shot(task: Task) -> Task:
    """The first items become turns before all the others, where the harness has them as text."""
    shots = tuple((item.prompt, item.answer) for item in task.items[:SHOTS])
    return replace(task, items=tuple(replace(item, shots=shots) for item in task.items[SHOTS:]))


def timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    began = time.process_time()
    return work(*given), time.process_time() - began


def test_items_a_second_against_the_harness(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    section = replace(
        lm_eval_tasks.practice(), choice=Choice(BATCH, "none"), generation=Generation(BATCH, 40)
    )
    tasks = [shot(task) for task in lm_eval_tasks.tasks(tmp_path, section)]
    model = AutoModelForCausalLM.from_pretrained(lm_eval_tasks.BASE, dtype="float32").train(False)
    ours = transformers_lm.Loaded(model, AutoTokenizer.from_pretrained(lm_eval_tasks.BASE))
    theirs_too = lm_eval_tasks.model(BATCH)
    print()
    for task in tasks:
        said, mine = timed(answers, ours, task, section)
        rendered = as_rendered(ours, task)
        asked = lm_eval_tasks.as_harness_task(
            tmp_path, "t", rendered, section.generation.max_new_tokens
        )
        found, theirs = timed(lm_eval_tasks.run, theirs_too, [asked], False)
        main = significance.judge([task], [[said, said]], section)[0].main
        told = found["results"]["t"]["acc,none" if main.metric == "accuracy" else "chrf++,none"]
        assert main.comparison.base.value == pytest.approx(told, abs=1e-9)
        count = len(task.items)
        print(
            f"{task.benchmark:>9} {task.direction or '':<18} {count} items: "
            f"ours {count / mine:7.1f}/s, lm_eval {count / theirs:7.1f}/s, {theirs / mine:.1f}x"
        )


def answers(ours: transformers_lm.Loaded, task: Task, section: EvaluateSettings) -> Sequence[Any]:
    if task.metric == "accuracy":
        return ours.choose(task.items, section.choice, lambda _: None)
    return ours.translate(task.items, section.generation, lambda _: None)


def as_rendered(ours: transformers_lm.Loaded, task: Task) -> Task:
    """The chats as finished text: the harness has no turns of ours."""

    def text(item: Item) -> str:
        made = ours.tokenizer.apply_chat_template(
            item.messages, tokenize=False, add_generation_prompt=True
        )
        return str(made)

    return replace(task, items=tuple(replace(item, prompt=text(item)) for item in task.items))
