"""lm-evaluation-harness gives the same outputs and scores, item by item."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.evaluate import significance
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.settings import ChoiceSettings
from tests.recipes.evaluate import lm_eval_tasks

pytestmark = pytest.mark.filterwarnings("ignore")  # from the harness and its dependencies
ITEMS = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("harness")
    lm_eval_tasks.adapter(folder / "adapter")
    return folder


@pytest.mark.parametrize("with_adapter", [False, True], ids=["base", "adapter"])
def test_the_harness_agrees(folder: Path, with_adapter: bool) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    section = replace(lm_eval_tasks.practice(), choice=ChoiceSettings(16, "none"))
    tasks = [
        replace(task, items=task.items[:ITEMS]) for task in lm_eval_tasks.tasks(folder, section)
    ]
    peft = folder / "adapter" if with_adapter else None
    theirs = lm_eval_tasks.run(
        lm_eval_tasks.model(section.choice.batch, peft),
        [
            lm_eval_tasks.as_harness_task(folder, f"t{n}", task, section.generation.max_new_tokens)
            for n, task in enumerate(tasks)
        ],
    )

    model = AutoModelForCausalLM.from_pretrained(lm_eval_tasks.BASE, dtype="float32")
    if peft:
        model = PeftModel.from_pretrained(model, peft)
    ours = transformers_lm.TransformersModel(
        model.train(False), AutoTokenizer.from_pretrained(lm_eval_tasks.BASE)
    )
    for number, task in enumerate(tasks):
        samples = sorted(theirs["samples"][f"t{number}"], key=lambda sample: sample["doc_id"])
        outputs = _outputs(ours, task, section)
        for sample, output in zip(samples, outputs, strict=True):
            _check_output(sample, output)
        (result,) = significance.score_tasks([task], [[outputs, outputs]], section)
        _check_scores(theirs["results"][f"t{number}"], result)


def _outputs(ours: transformers_lm.TransformersModel, task: Any, section: Any) -> Any:
    if task.metric == "accuracy":
        return ours.log_likelihoods(task.items, section.choice, lambda _: None)
    return ours.generate(task.items, section.generation, lambda _: None)


def _check_output(sample: dict[str, Any], output: Any) -> None:
    """Compare log-likelihoods to 1e-4, because the batches differ, and translations exactly."""
    if isinstance(output, transformers_lm.Generation):
        assert output.raw == sample["resps"][0][0]
    else:
        expected = [float(response[0][0]) for response in sample["resps"]]
        assert output == pytest.approx(expected, abs=1e-4)


def _check_scores(theirs: dict[str, Any], ours: significance.TaskResult) -> None:
    names = {"accuracy": "acc,none", "chrF++": "chrf++,none", "BLEU": "bleu,none"}
    for score in ours.scores:
        assert score.comparison.base.value == pytest.approx(theirs[names[score.metric]], abs=1e-9)
