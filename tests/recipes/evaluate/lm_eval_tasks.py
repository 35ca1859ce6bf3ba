"""The practice benchmarks over local files, and lm-evaluation-harness on the practice base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recipes.core import config
from recipes.core.benchmarks.table import benchmark_of
from recipes.core.benchmarks.tasks import Source, Task
from recipes.evaluate import settings
from recipes.evaluate.settings import EvaluateSettings
from recipes.practice import publish
from tests.recipes.conftest import practice_files

BASE = publish.BASE


def practice() -> EvaluateSettings:
    """Return the settings of the practice recipe."""
    return settings.parse(config.load("practice", "org", "epo_Latn").evaluate)


def tasks(folder: Path, section: EvaluateSettings) -> list[Task]:
    """Return the practice benchmarks, read from a folder instead of the Hub."""
    datasets = practice_files()
    for name in section.benchmarks:
        for path, content in datasets[name].items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(content)
    return [
        replace(task, items=tuple(replace(item, system=section.system) for item in task.items))
        for name, benchmark in section.benchmarks.items()
        for task in benchmark_of(name).reader(
            Source(str(folder / name), "main", "epo_Latn", "epo_Latn", benchmark)
        )
    ]


def adapter(folder: Path) -> Path:
    """Write a random LoRA adapter of the practice base, and return its folder."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype="float32")
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(model, lora).save_pretrained(folder)
    return folder


def model(batch: int, peft: Path | None = None) -> Any:
    """Load the practice base, or an adapter of it, with the harness: float32, on the CPU."""
    from lm_eval.models.huggingface import HFLM

    return HFLM(
        pretrained=str(BASE),
        peft=str(peft) if peft else None,
        dtype="float32",
        device="cpu",
        batch_size=batch,
    )


def run(model: Any, folder: Path, names: Sequence[str]) -> Any:
    """Run the harness on tasks that were written into a folder, as its command line does."""
    from lm_eval import evaluator
    from lm_eval.tasks import TaskManager

    evaluator.add_env_info = lambda *_: None  # it runs `pip list`
    return evaluator.simple_evaluate(
        model=model,
        tasks=list(names),
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        apply_chat_template=True,
        bootstrap_iters=0,
    )
