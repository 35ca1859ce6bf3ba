"""Where lm-evaluation-harness can score the same, it comes to the same, item by item."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.evaluate import significance
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.settings import Choice
from tests.recipes.evaluate import lm_eval_tasks

pytestmark = pytest.mark.filterwarnings("ignore")  # the harness's own, and what it makes others say
ITEMS = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("harness")
    lm_eval_tasks.adapter(folder / "adapter")
    return folder


@pytest.mark.parametrize("adapted", [False, True], ids=["base", "adapter"])
def test_the_harness_agrees(folder: Path, adapted: bool) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    section = replace(lm_eval_tasks.practice(), choice=Choice(16, "none"))
    tasks = [
        replace(task, items=task.items[:ITEMS]) for task in lm_eval_tasks.tasks(folder, section)
    ]
    peft = folder / "adapter" if adapted else None
    most = section.generation.max_new_tokens
    theirs = lm_eval_tasks.run(
        lm_eval_tasks.model(section.choice.batch, peft),
        [
            lm_eval_tasks.as_harness_task(folder, f"t{n}", task, most)
            for n, task in enumerate(tasks)
        ],
    )

    model = AutoModelForCausalLM.from_pretrained(lm_eval_tasks.BASE, dtype="float32")
    if peft:
        model = PeftModel.from_pretrained(model, peft)
    ours = transformers_lm.Loaded(
        model.train(False), AutoTokenizer.from_pretrained(lm_eval_tasks.BASE)
    )
    for number, task in enumerate(tasks):
        samples = sorted(theirs["samples"][f"t{number}"], key=lambda sample: sample["doc_id"])
        said = _answers(ours, task, section)
        for sample, answer in zip(samples, said, strict=True):
            _agree(sample, answer)
        _same_scores(
            theirs["results"][f"t{number}"], significance.judge([task], [[said, said]], section)
        )


def _answers(ours: transformers_lm.Loaded, task: Any, section: Any) -> Any:
    if task.metric == "accuracy":
        return ours.choose(task.items, section.choice, lambda _: None)
    return ours.translate(task.items, section.generation, lambda _: None)


def _agree(sample: dict[str, Any], answer: Any) -> None:
    """Each option as likely to 1e-4 (the batches are others), each translation to the letter."""
    if isinstance(answer, transformers_lm.Said):
        assert answer.raw == sample["resps"][0][0]
    else:
        told = [float(response[0][0]) for response in sample["resps"]]
        assert answer == pytest.approx(told, abs=1e-4)


def _same_scores(theirs: dict[str, Any], ours: list[significance.Outcome]) -> None:
    names = {"accuracy": "acc,none", "chrF++": "chrf++,none", "BLEU": "bleu,none"}
    for score in ours[0].scores:
        assert score.comparison.base.value == pytest.approx(theirs[names[score.metric]], abs=1e-9)
