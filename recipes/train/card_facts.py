"""What the card may say of a run: gathered from the job, the Hub and what training measured."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from recipes.core import language, manifest, row_edits
from recipes.core.job import Job
from recipes.train import hardware, throughput
from recipes.train.card import Facts, licence_of
from recipes.train.settings import TrainSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from recipes.train.sft import Trained
    from recipes.train.tokenize import Examples

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
PER_HOUR = {"second": 3600.0, "minute": 60.0, "hour": 1.0}


def gather(job: Job[TrainSettings], examples: Examples, trained: Trained) -> Facts:
    """The facts of this run; whatever is not known is None and not said."""
    info = job.api.model_info(job.args.base, revision=job.base_revision)
    here = hardware.look()
    return Facts(
        repo=job.args.into,
        language=language.get(job.config.language),
        base=job.args.base,
        base_revision=job.base_revision,
        dataset=job.args.dataset,
        dataset_revision=job.inputs[job.args.dataset],
        licence=licence_of(info.card_data, job.args.base),
        practice=job.config.practice,
        recipe=job.config.name,
        recipe_version=manifest.recipe_version(),
        recipe_commit=manifest.recipe_commit(),
        digest=job.args.digest,
        rows=len(examples.input_ids),
        mending=row_edits.read(job.api, job.args.dataset, job.inputs[job.args.dataset]),
        hardware=describe(here),
        hourly_usd=None if job.config.practice else hourly(job.api, _flavor(job)),
        energy_kwh=throughput.energy_kwh(trained.seconds, here.name, here.count),
        versions=manifest.versions(*PACKAGES),
        settings=asdict(job.settings),
        trained=trained,
        system=str(job.config.evaluate.get("system") or ""),
    )


def describe(here: hardware.Machine) -> str:
    """The accelerators, or the processor and the threads used."""
    import platform

    import torch

    if here.device == "cpu":
        return f"CPU ({platform.machine()}), threads: {torch.get_num_threads()}"
    return f"{here.count} × {here.name}"


def _flavor(job: Job[TrainSettings]) -> str | None:
    """The hardware that the recipe orders, when this is a job of the Hub (it sets JOB_ID)."""
    ordered = job.config.plan.get("steps", {}).get("train", {}).get("flavor")
    return ordered if "JOB_ID" in os.environ else None


def hourly(api: HfApi, flavor: str | None) -> float | None:
    """What the Hub lists for an hour of this hardware, in US dollars."""
    if flavor is None:
        return None
    for row in api.list_jobs_hardware():
        if str(row.name) == flavor:
            return float(row.unit_cost_usd) * PER_HOUR[str(row.unit_label)]
    return None
