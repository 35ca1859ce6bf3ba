"""Collect the facts of the model card from the job, the Hub and what training measured."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from recipes.core import language, manifest, row_edits
from recipes.core.job import Job
from recipes.train import hardware, throughput
from recipes.train.card import CardFacts, check, licence_of
from recipes.train.settings import TrainingSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from recipes.train.sft import SftResult
    from recipes.train.tokenize import Examples

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
UNITS_PER_HOUR = {"second": 3600.0, "minute": 60.0, "hour": 1.0}


def collect(job: Job[TrainingSettings], examples: Examples, result: SftResult) -> CardFacts:
    """Return the facts of this run; unknown ones are None."""
    info = job.api.model_info(job.args.base, revision=job.base_revision)
    machine = hardware.detect()
    return CardFacts(
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
        row_edits=row_edits.read(job.api, job.args.dataset, job.inputs[job.args.dataset]),
        hardware=_describe(machine),
        hourly_usd=None if job.config.practice else _hourly_usd(job.api, _flavor(job)),
        energy_kwh=throughput.energy_kwh(result.seconds, machine.name, machine.count),
        versions=manifest.versions(*PACKAGES),
        settings=asdict(job.settings),
        result=result,
        request=job.args.request,
        system=str(job.config.evaluate.get("system") or ""),
    )


def check_card(job: Job[TrainingSettings]) -> None:
    """Raise UserError if the Hub would refuse the card of this run."""
    base = job.args.base
    licence = licence_of(job.api.model_info(base, revision=job.base_revision).card_data, base)
    check(job.api, language.get(job.config.language), base, job.args.dataset, licence)


def _describe(machine: hardware.Machine) -> str:
    """Name the accelerators, or the processor and its threads in use."""
    import platform

    import torch

    if machine.device == "cpu":
        return f"CPU ({platform.machine()}), threads: {torch.get_num_threads()}"
    return f"{machine.count} × {machine.name}"


def _flavor(job: Job[TrainingSettings]) -> str | None:
    """Return the recipe's hardware flavor, None outside Hub jobs (which set JOB_ID)."""
    flavor = job.config.plan.get("steps", {}).get("train", {}).get("flavor")
    return flavor if "JOB_ID" in os.environ else None


def _hourly_usd(api: HfApi, flavor: str | None) -> float | None:
    """Return the Hub's list price of an hour of this hardware, in US dollars."""
    if flavor is None:
        return None
    for row in api.list_jobs_hardware():
        if str(row.name) == flavor:
            return float(row.unit_cost_usd) * UNITS_PER_HOUR[str(row.unit_label)]
    return None
