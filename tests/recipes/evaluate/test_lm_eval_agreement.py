"""lm-evaluation-harness gives the same outputs and scores from the tasks that we write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.core.benchmarks.settings import ShotSettings
from recipes.core.benchmarks.tasks import Task
from recipes.evaluate import harness_tasks, significance
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.settings import ChoiceSettings, EvaluateSettings
from tests.recipes.evaluate import lm_eval_tasks

pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.filterwarnings("ignore"),  # from the harness and its dependencies
]
ITEMS = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("harness")
    lm_eval_tasks.adapter(folder / "adapter")
    return folder


@pytest.fixture(scope="module")
def section() -> EvaluateSettings:
    """Return the practice settings with what the real recipe has: shots, a system prompt."""
    settings = replace(
        lm_eval_tasks.practice(), choice=ChoiceSettings(16, "none"), system="Be {brief}."
    )
    shots = {"sib200": 2, "belebele": 1}
    return replace(settings, benchmarks={
        name: replace(benchmark, limit=ITEMS,
                      shots=ShotSettings(shots.get(name, 0), benchmark.split))
        for name, benchmark in settings.benchmarks.items()
    })  # fmt: skip


@pytest.fixture(scope="module")
def written(folder: Path, section: EvaluateSettings) -> list[tuple[str, Task]]:
    """Write the tasks of lm-eval, without the fourth item; return their names and our tasks."""
    loaded = lm_eval_tasks.tasks(folder, section)
    scored = [replace(task, items=task.items[:3] + task.items[4:]) for task in loaded]
    tasks = harness_tasks.scored_tasks(loaded, scored)
    names = harness_tasks.write(folder / "tasks", tasks, section, "epo_Latn")
    return list(zip(names, scored, strict=True))


def test_the_harness_agrees_on_an_adapter(
    folder: Path, section: EvaluateSettings, written: list[tuple[str, Task]]
) -> None:
    """test_harness_tasks.py compares the scores of a base."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    harness = lm_eval_tasks.model(section.choice.batch, folder / "adapter")
    theirs = lm_eval_tasks.run(harness, folder / "tasks", ["kakugo_epo_Latn"])

    base = AutoModelForCausalLM.from_pretrained(lm_eval_tasks.BASE, dtype="float32")
    model = PeftModel.from_pretrained(base, folder / "adapter")
    ours = transformers_lm.TransformersModel(
        model.train(False), AutoTokenizer.from_pretrained(lm_eval_tasks.BASE)
    )
    for name, task in written:
        samples = sorted(theirs["samples"][name], key=lambda sample: sample["doc_id"])
        outputs = _outputs(ours, task, section)
        for sample, output in zip(samples, outputs, strict=True):
            _check_output(sample, output)
        (result,) = significance.score_tasks([task], [[outputs, outputs]], section)
        _check_scores(theirs["results"][name], result)


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
    names = {"accuracy": "acc,none", "chrF++": "chrf++,answer", "BLEU": "bleu,answer"}
    for score in ours.scores:
        assert score.comparison.base.value == pytest.approx(theirs[names[score.metric]], abs=1e-9)
