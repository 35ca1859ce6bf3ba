"""Collect the outputs of all models for all tasks, without asking the same thing twice.

Outputs are pushed after each model, and in between if that takes long. A run that was killed, or
that adds a peer, reads them back. Whatever an output depends on must be part of `cache_key`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Annotated, Any

from pydantic import AliasChoices, Field

from recipes.core.benchmarks.tasks import Item, Task
from recipes.core.progress import Progress
from recipes.evaluate import schema
from recipes.evaluate.backends.loader import Backend, LoadedModel
from recipes.evaluate.backends.transformers_lm import Generation, OnProgress
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.schema import Row
from recipes.evaluate.settings import EvaluateSettings
from recipes.evaluate.significance import Output, Outputs
from recipes.validation.documents import read_json
from recipes.validation.errors import InvalidInput
from recipes.validation.models import OPEN
from recipes.validation.models import parse as validate

CachedOutputs = Mapping[str, Mapping[str, Output]]  # cache key → id of the item → output
CollectedOutputs = Mapping[tuple[int, int], Outputs]  # (index of the model, of the task) → outputs


def collect(
    models: Sequence[ComparedModel],
    tasks: Sequence[Task],
    settings: EvaluateSettings,
    backend: Backend,
    cached: CachedOutputs,
    save: Callable[[list[Row]], None],
) -> CollectedOutputs:
    """Return the outputs of each model for each task; `save` gets all rows known so far."""
    collected: dict[tuple[int, int], Outputs] = {}
    for m, model in enumerate(models):
        for t, task in enumerate(tasks):
            outputs = lookup(cached, cache_key(model, task, settings), task)
            if outputs is not None:
                collected[m, t] = outputs
    on_progress = _progress(len(models) * sum(len(task.items) for task in tasks))
    on_progress(sum(map(len, collected.values())))
    saved_at = monotonic()
    for m, model in enumerate(models):
        missing = [t for t in range(len(tasks)) if (m, t) not in collected]
        if not missing:
            continue
        loaded = backend.load(model)
        for t in missing:
            collected[m, t] = _outputs(loaded, tasks[t], settings, on_progress)
            if t == missing[-1] or monotonic() - saved_at > settings.keep_after:
                save(rows(models, tasks, settings, collected))
                saved_at = monotonic()
        del loaded  # frees its memory before the next model is loaded
    return collected


def rows(
    models: Sequence[ComparedModel],
    tasks: Sequence[Task],
    settings: EvaluateSettings,
    collected: CollectedOutputs,
    scores: Mapping[tuple[int, int], dict[str, Sequence[float]]] | None = None,
) -> list[Row]:
    """Return the rows of outputs.jsonl for all outputs collected so far."""
    return [
        row
        for (m, t), outputs in sorted(collected.items())
        for row in schema.output_rows(
            models[m],
            tasks[t],
            cache_key(models[m], tasks[t], settings),
            outputs,
            (scores or {}).get((m, t), {}),
        )
    ]


def cache_key(model: ComparedModel, task: Task, settings: EvaluateSettings) -> str:
    """Return a digest of everything that an output depends on except the item itself."""
    asked = asdict(task.settings)
    del asked["normalise"]  # in `decoding`
    del asked["text_columns"], asked["quotable"]  # not seen by a model
    dependencies: dict[str, Any] = {
        "model": [model.model, model.base, model.files],
        "how": [
            settings.backend,
            settings.model,
            settings.merge,
            asdict(settings.lm_eval) if settings.lm_eval else {},
        ],
        "decoding": asdict(
            settings.generation if task.metric == "chrF++" else settings.choice_for(task.settings)
        ),
        "system": settings.system,
        "task": [task.dataset, task.revision, task.config, task.direction, asked],
    }
    if task.items[0].subject:
        dependencies["shots"] = sorted({item.shots for item in task.items})
    return hashlib.sha256(json.dumps(dependencies, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _CachedRow:
    """The keys of a line of outputs.jsonl, of any schema, that make an output."""

    __pydantic_config__ = OPEN

    cache_key: Annotated[str, Field(validation_alias=AliasChoices("cache_key", "key"))]
    id: str
    raw: str | None = None
    finished: Annotated[bool, Field(validation_alias=AliasChoices("finished", "whole"))] = False
    log_likelihoods: list[float] | None = None


def parse(text: str) -> CachedOutputs:
    """Parse an outputs.jsonl; broken lines are skipped, so that their items are asked again."""
    cached: dict[str, dict[str, Output]] = {}
    for line in text.split("\n"):  # splitlines would split at characters that JSON does not escape
        try:
            row = validate(_CachedRow, read_json(line, "the line"), "the line")
        except InvalidInput:
            continue
        if row.raw is not None:
            cached.setdefault(row.cache_key, {})[row.id] = Generation(row.raw, row.finished)
        elif row.log_likelihoods is not None:
            cached.setdefault(row.cache_key, {})[row.id] = row.log_likelihoods
    return cached


def lookup(cached: CachedOutputs, key: str, task: Task) -> list[Output] | None:
    """Return the cached outputs for the task; None if one is missing or of another task."""
    by_id = cached.get(key, {})
    outputs = [by_id.get(item.id) for item in task.items]
    fitting = [
        output
        for item, output in zip(task.items, outputs, strict=True)
        if output is not None and _fits(output, item, task)
    ]
    return fitting if len(fitting) == len(outputs) else None


def _fits(output: Output, item: Item, task: Task) -> bool:
    if isinstance(output, Generation):
        return task.metric == "chrF++"
    return task.metric != "chrF++" and len(output) == len(item.answers)


def _outputs(
    model: LoadedModel, task: Task, settings: EvaluateSettings, on_progress: OnProgress
) -> Outputs:
    if task.metric == "chrF++":
        return model.generate(task.items, settings.generation, on_progress)
    return model.log_likelihoods(task.items, settings.choice_for(task.settings), on_progress)


def _progress(total: int) -> OnProgress:
    progress, done = Progress(total, "items"), 0

    def on_progress(items: int) -> None:
        nonlocal done
        done += items
        progress.show(done)

    return on_progress
