"""The practice benchmarks as tasks of lm-evaluation-harness, over local files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recipes.core import config
from recipes.evaluate import benchmarks, settings
from recipes.evaluate.benchmarks import Source, Task
from recipes.evaluate.settings import EvaluateSettings
from recipes.practice import publish

BASE = publish.BASE


def practice() -> EvaluateSettings:
    """Return the settings of the practice recipe."""
    return settings.parse(config.load("practice", "org", "epo_Latn").evaluate)


def tasks(folder: Path, section: EvaluateSettings) -> list[Task]:
    """Return the practice benchmarks, read from a folder instead of the Hub."""
    datasets = publish.dataset_files()
    for name in section.benchmarks:
        for path, content in datasets[name].items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(content)
    return [
        task
        for name, benchmark in section.benchmarks.items()
        for task in benchmarks.READERS[name](
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


def as_harness_task(folder: Path, name: str, task: Task, max_new_tokens: int) -> dict[str, Any]:
    """Return the task as lm_eval's YAML has it, over a file of our prompts and answers."""
    rows = [
        {"prompt": item.prompt, "options": list(item.answers), "correct": item.correct}
        for item in task.items
    ]
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    common = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(file)}},
        "test_split": "test",
        "doc_to_text": "{{prompt}}",
        "target_delimiter": "",
    }
    if task.metric == "accuracy":
        return common | {
            "output_type": "multiple_choice",
            "doc_to_choice": "{{options}}",
            "doc_to_target": "correct",
            "metric_list": [{"metric": "acc"}],
        }
    greedy = {"until": ["<|end|>"], "do_sample": False, "max_gen_toks": max_new_tokens}
    return common | {
        "output_type": "generate_until",
        "doc_to_target": "{{options[0]}}",
        "generation_kwargs": greedy,
        "metric_list": [{"metric": "chrf++"}, {"metric": "bleu"}],
    }


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


def run(model: Any, tasks: Sequence[dict[str, Any]], chat: bool = True) -> Any:
    """Run the harness; without `chat`, the prompts are already rendered."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    return simple_evaluate(
        model=model,
        tasks=list(tasks),
        task_manager=TaskManager(include_defaults=False),
        apply_chat_template=chat,
        bootstrap_iters=0,
    )
