"""`kakugo-recipe evaluate`: base, adapter and peers on the same benchmarks, results and card out.

Items found in the training data are left out and counted. Pushes answers as they come, rows and
outputs in one commit, then what the adapter shows, then `run.json`. Killed at any moment it may be
started again: what was answered is not asked again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from recipes.core import hub_refs, manifest, model_loading
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.evaluate import (
    benchmarks,
    contamination,
    markdown,
    models,
    publish,
    response_cache,
    schema,
    significance,
)
from recipes.evaluate.backends import loader
from recipes.evaluate.benchmarks import Suite, Task
from recipes.evaluate.markdown import Checked, Report
from recipes.evaluate.models import Contestant
from recipes.evaluate.settings import EvaluateSettings, parse
from recipes.evaluate.significance import Outcome

if TYPE_CHECKING:
    from recipes.evaluate.neural import Judge

PACKAGES = ("torch", "transformers", "peft", "datasets", "sacrebleu")


@dataclass(frozen=True)
class Questions:
    """The tasks without what was trained on, and how much that was."""

    tasks: tuple[Task, ...]
    suite: Suite
    checked: Checked


@dataclass(frozen=True)
class Scored:
    """Who answered, everything that was answered, and what it is worth."""

    contestants: tuple[Contestant, ...]
    given: response_cache.Given
    outcomes: list[Outcome]


def main(args: argparse.Namespace) -> None:
    """Evaluate and push, or leave at once when the manifest of this digest is there."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings = parse(args.config.evaluate)
    api = HfApi()
    if publish.made(api, args):
        where = publish.place(args)
        say(f"{where.repo} has {where.path('run.json')} already, with digest {args.digest[:12]}")
        return
    stage = loader.stage(settings)
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    _evaluate(pin(api, args, settings, repos), stage)


def _evaluate(job: Job[EvaluateSettings], stage: loader.Stage) -> None:
    suite = benchmarks.load(job.api, job.settings, job.config.language)
    job.inputs.update(suite.revisions)
    questions = clean(job, suite)
    say(f"{_items(questions.tasks)} items of {len(questions.tasks)} tasks, {job.seconds():.1f} s")
    scored = _scored(job, questions, stage)
    say(f"scored, {job.seconds():.1f} s")
    told = report(job, questions, scored.contestants, scored.outcomes)
    where = publish.place(job.args)
    commit = _publish(job, questions, scored, told)
    made = _manifest(job, questions, scored, commit)
    manifest.push(job.api, where.repo, "dataset", where.path("run.json"), made)
    say(markdown.markdown(told))
    say(f"pushed {where.repo}/{where.folder}; {job.seconds():.1f} s in all")


def clean(job: Job[EvaluateSettings], suite: Suite) -> Questions:
    """Take out what the adapter was trained on; a task of which nothing is left is refused."""
    texts = {text for task in suite.tasks for item in task.items for text in item.texts}
    seen = contamination.found(
        texts,
        _training_messages(job.args.dataset, job.inputs[job.args.dataset]),
        job.settings.copied,
    )
    tasks = tuple(_without(task, seen) for task in suite.tasks)
    lost = _items(suite.tasks) - _items(tasks)
    say(f"{len(seen)} of {len(texts)} benchmark texts are in the training data: {lost} items out")
    return Questions(tasks, suite, Checked(len(texts), len(seen), lost))


def _without(task: Task, seen: set[str]) -> Task:
    kept = tuple(item for item in task.items if seen.isdisjoint(item.texts))
    if not kept:
        raise UserError(
            f"Every item of {task.benchmark} is in the training data: nothing to score."
        )
    return replace(task, items=kept)


def _training_messages(repo: str, revision: str) -> list[str]:
    from datasets import load_dataset

    splits = load_dataset(repo, "default", revision=revision)
    return [
        turn["content"] for split in splits.values() for chat in split["messages"] for turn in chat
    ]


def _items(tasks: Sequence[Task]) -> int:
    return sum(len(task.items) for task in tasks)


def _scored(job: Job[EvaluateSettings], questions: Questions, stage: loader.Stage) -> Scored:
    """Ask everybody everything, then judge."""
    where, tasks = publish.place(job.args), questions.tasks
    everybody = _contestants(job)
    given = response_cache.collect(
        everybody,
        tasks,
        job.settings,
        stage,
        publish.kept(job.api, where),
        lambda lines: _keep(job, lines),
    )
    by_task = [[given[c, t] for c in range(len(everybody))] for t in range(len(tasks))]
    return Scored(everybody, given, significance.judge(tasks, by_task, job.settings, _neural(job)))


def _keep(job: Job[EvaluateSettings], lines: Sequence[schema.Row]) -> None:
    """Put what is answered so far on the Hub."""
    message = f"Keep the answers about {job.args.adapter}"
    publish.push(job.api, publish.place(job.args), {"outputs.jsonl": lines}, message)


def _contestants(job: Job[EvaluateSettings]) -> tuple[Contestant, ...]:
    base_at, adapter_at = ((repo, job.inputs[repo]) for repo in (job.args.base, job.args.adapter))
    ours = models.find(job.api, base_at, adapter_at)
    others = [repo for repo in job.args.models if repo not in (job.args.base, job.args.adapter)]
    peers = models.peers(job.api, others)
    job.inputs.update({peer.model: peer.revision for peer in peers})
    return (*ours, *peers)


def _neural(job: Job[EvaluateSettings]) -> Judge | None:
    from recipes.evaluate import neural

    settings = job.settings.neural
    if settings is None:
        return None
    revision = hub_refs.commit_of(job.api, settings.model, "model", settings.revision)
    job.inputs[settings.model] = revision
    return neural.load(settings, revision, loader.device())


def report(
    job: Job[EvaluateSettings],
    questions: Questions,
    everybody: Sequence[Contestant],
    outcomes: Sequence[Outcome],
) -> Report:
    """What the tables are made from; the first two contestants are base and ours."""
    return Report(
        language=job.config.language,
        practice=job.config.practice,
        ours="adapter" if everybody[1].adapted else "tuned",
        outcomes=outcomes,
        missing=questions.suite.not_covered,
        checked=questions.checked,
        peers=[peer.model for peer in everybody[2:]],
    )


def record(job: Job[EvaluateSettings], everybody: tuple[Contestant, ...]) -> schema.Run:
    """What all rows of this run say, its moment being now."""
    sources = ((repo, job.inputs[repo]) for repo in (job.args.dataset, job.args.adapter))
    dollars, energy = publish.spent(job.api, *sources)
    return schema.Run(
        language=job.config.language,
        contestants=everybody,
        practice=job.config.practice,
        request=job.args.request,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        cost_usd=dollars,
        energy_kwh=energy,
        decoding=_decoding(job.settings),
    )


def _publish(job: Job[EvaluateSettings], questions: Questions, scored: Scored, told: Report) -> str:
    """Push rows and outputs, then card, metadata and `.eval_results`; returns the first's sha."""
    run = record(job, scored.contestants)
    where = publish.place(job.args)
    files = {
        "results.jsonl": schema.rows(run, scored.outcomes, questions.suite.not_covered),
        "outputs.jsonl": outputs(job, questions, scored),
    }
    commit = publish.push(job.api, where, files, f"Add the results of {job.args.adapter}")
    source = where.rows_at(job.api.endpoint, commit)
    publish.show(job.api, job.args.adapter, told, run.date, source)
    return commit


def outputs(job: Job[EvaluateSettings], questions: Questions, scored: Scored) -> list[schema.Row]:
    """The lines of outputs.jsonl: every answer, with what it is worth."""
    return response_cache.lines(
        scored.contestants, questions.tasks, job.settings, scored.given, _by_item(scored)
    )


def _by_item(scored: Scored) -> dict[tuple[int, int], dict[str, Sequence[float]]]:
    """Each item's own score, where the metric has one."""
    return {
        (c, t): {score.metric: score.by_item[c] for score in outcome.scores if score.by_item}
        for t, outcome in enumerate(scored.outcomes)
        for c in range(len(scored.contestants))
    }


def _decoding(settings: EvaluateSettings) -> dict[str, str]:
    """How answers come about, in words, by the main metric of the task."""
    how = f"{settings.backend}, {settings.model.get('dtype', 'float32')}"
    return {
        "chrF++": f"greedy, at most {settings.generation.max_new_tokens} new tokens, {how}",
        "accuracy": f"log-likelihood, divided by {settings.choice.normalise}, {how}",
    }


def _manifest(
    job: Job[EvaluateSettings], questions: Questions, scored: Scored, commit: str
) -> manifest.Manifest:
    checked = questions.checked
    own = [o for o in scored.outcomes if o.task.language == job.config.language]
    english = [o for o in scored.outcomes if o.task.language != job.config.language]
    backend = ("vllm",) if job.settings.backend == "vllm" else ()
    metrics: dict[str, Any] = {
        "results": schema.summary(own),
        "other_metrics": schema.summary(own, main=False),
        "english": schema.summary(english),
        "degenerate": schema.flaws(scored.outcomes),
        "not_covered": [lacking.benchmark for lacking in questions.suite.not_covered],
        "contamination": {"texts": checked.texts, "contaminated": checked.found},
        "peers": [peer.model for peer in scored.contestants[2:]],
    }
    return job.manifest(
        "evaluate",
        commit,
        manifest.Counts(
            _items(questions.tasks),
            {"in_training_data": checked.left_out} if checked.left_out else {},
        ),
        PACKAGES + backend,
        metrics=metrics,
    )
