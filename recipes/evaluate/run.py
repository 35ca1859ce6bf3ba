"""Run the evaluate recipe: compare base, adapter and peers, and push results and card.

Items whose texts are in the training data are left out and counted. Outputs are pushed as they
come, then results and outputs in one commit, then the adapter's card, then `run.json`. A run that
was killed continues without asking for an output twice. The card of another owner stays as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from recipes.check import fertility
from recipes.core import hub_refs, manifest, model_loading
from recipes.core.benchmarks.table import abilities, benchmark_of
from recipes.core.benchmarks.tasks import Task
from recipes.core.errors import UserError
from recipes.core.job import Job, pin, take_revisions
from recipes.core.progress import say
from recipes.evaluate import (
    chat,
    clean_suite,
    harness_tasks,
    markdown,
    models,
    publish,
    response_cache,
    samples,
    schema,
    significance,
    suite,
)
from recipes.evaluate.backends import loader, transformers_lm
from recipes.evaluate.clean_suite import CleanSuite
from recipes.evaluate.markdown import Report
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.overall import Overall, overall
from recipes.evaluate.response_cache import CollectedOutputs
from recipes.evaluate.settings import EvaluateSettings, parse
from recipes.evaluate.significance import TaskResult
from recipes.evaluate.suite import lacking

if TYPE_CHECKING:
    from huggingface_hub import HfApi

    from recipes.evaluate.neural import NeuralMetric

REPOSITORIES = ("dataset", "base", "adapter", "into")
PACKAGES = ("torch", "transformers", "peft", "datasets", "sacrebleu")

# Packages that decide outputs besides these, by the harness's model.
ENGINES = {
    "hf": ("lm_eval",),
    "vllm": ("lm_eval", "vllm"),
    "sglang": ("lm_eval", "sglang"),
    "local-completions": ("lm_eval",),
}


@dataclass(frozen=True)
class Evaluation:
    """The models, their outputs and the results."""

    models: tuple[ComparedModel, ...]
    outputs: CollectedOutputs
    results: list[TaskResult]
    overall: Overall


def main(args: argparse.Namespace) -> None:
    """Evaluate and push, unless a manifest of this digest exists."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings = parse(args.config.evaluate)
    api = HfApi()
    if args.write_tasks:
        _write_tasks(api, args, settings)
        return
    if missing := [name for name in REPOSITORIES if getattr(args, name) is None]:
        raise UserError(f"--{missing[0]} is missing: give it, or --write-tasks DIR.")
    revisions = take_revisions(args, ("dataset", "base", "adapter"))
    if publish.is_done(api, args, revisions):
        target = publish.results_folder(args)
        say(f"{target.repo} has {target.path('run.json')} already: nothing to do")
        return
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    _evaluate(pin(api, args, settings, repos, revisions), loader.backend(settings))


def _write_tasks(api: HfApi, args: argparse.Namespace, settings: EvaluateSettings) -> None:
    """Write tasks of lm-eval instead; with a dataset, without the items that it contains."""
    code = args.config.language
    loaded = suite.load(api, settings, code)
    scored = loaded.tasks
    if args.dataset:
        repo, revision = hub_refs.split_ref(args.dataset)
        commit = hub_refs.commit_of(api, repo, "dataset", revision)
        scored = clean_suite.without_contaminated(loaded.tasks, repo, commit, settings.copied).tasks
    tasks = harness_tasks.scored_tasks(loaded.tasks, scored)
    names = harness_tasks.write(args.write_tasks, tasks, settings, code)
    for missing in loaded.not_covered:
        say(f"{missing.benchmark} does not cover {missing.language}")
    say(
        f"wrote {', '.join(names)}; run lm_eval --include_path {args.write_tasks} "
        f"--tasks kakugo_{code} --apply_chat_template"
    )


def _evaluate(job: Job[EvaluateSettings], backend: loader.Backend) -> None:
    clean = clean_suite.load(job)
    say(f"{clean.items} items of {len(clean.tasks)} tasks, {job.seconds():.1f} s")
    evaluation = _collect_and_score(job, clean, backend)
    run = run_info(job, evaluation)
    report = make_report(job, clean, evaluation, run.cost_usd)
    target = publish.results_folder(job.args)
    commit = _publish(job, clean, evaluation, run, report)
    made = _manifest(job, clean, evaluation, commit)
    manifest.push(job.api, target.repo, "dataset", target.path("run.json"), made)
    say(markdown.render(report))
    say(f"pushed {target.repo}/{target.folder}; {job.seconds():.1f} s in total")


def _collect_and_score(
    job: Job[EvaluateSettings], clean: CleanSuite, backend: loader.Backend
) -> Evaluation:
    target, tasks = publish.results_folder(job.args), clean.tasks
    compared = _models(job, publish.earlier_peers(job.api, target))
    outputs = response_cache.collect(
        compared,
        tasks,
        job.settings,
        backend,
        publish.cached_outputs(job.api, target),
        lambda rows: _save(job, rows),
    )
    say(f"all outputs are there, {job.seconds():.1f} s: scoring")
    by_task = [[outputs[m, t] for m in range(len(compared))] for t in range(len(tasks))]
    results = significance.score_tasks(tasks, by_task, job.settings, _neural_metric(job))
    say(f"scored, {job.seconds():.1f} s")
    return Evaluation(compared, outputs, results, sum_up(job, clean, compared[1], results))


def sum_up(
    job: Job[EvaluateSettings],
    clean: CleanSuite,
    adapter: ComparedModel,
    results: Sequence[TaskResult],
) -> Overall:
    """Sum up the results of the job's language, and ask the adapter in a chat."""
    settings, code = job.settings, job.config.language
    score = None
    if settings.chat:
        own = [task for task in clean.tasks if task.language == code]
        score = chat.score(job.api, adapter, own, settings.chat, settings.bootstrap)
        say(f"asked in a chat, {job.seconds():.1f} s")
    return overall(results, code, settings.english_margin, score)


def _save(job: Job[EvaluateSettings], rows: Sequence[schema.Row]) -> None:
    message = f"Keep the outputs for {job.args.adapter}"
    publish.push(job.api, publish.results_folder(job.args), {"outputs.jsonl": rows}, message)


def _models(job: Job[EvaluateSettings], earlier: Sequence[str]) -> tuple[ComparedModel, ...]:
    """Return base, adapter, and the peers of earlier runs, of the recipe and of this run."""
    base, adapter = ((repo, job.inputs[repo]) for repo in (job.args.base, job.args.adapter))
    kept = [repo for repo in earlier if job.api.repo_exists(repo)]
    if gone := sorted(set(earlier) - set(kept)):
        say(f"not compared any more, because the Hub does not have them: {', '.join(gone)}")
    own = (job.args.base, job.args.adapter)
    recommended = [
        repo
        for repo in job.settings.peers_for(job.config.language)
        if repo not in (*own, *kept) and _is_usable(repo)
    ]
    others = [repo for repo in (*kept, *recommended, *job.args.models) if repo not in own]
    peers = models.peers(job.api, others)
    job.inputs.update({peer.model: peer.revision for peer in peers})
    return (*models.base_and_adapter(job.api, base, adapter), *peers)


def _is_usable(repo: str) -> bool:
    """Return whether a peer of the recipe can be asked here; say why not."""
    try:
        model_loading.tokenizer(repo, "main")
    except UserError as error:
        say(f"not compared: {error}")
        return False
    return True


def _tokens_per_character(
    compared: Sequence[ComparedModel], tasks: Sequence[Task], language: str
) -> list[float]:
    """Return those of each model on translations into the language; nothing if there are none."""
    texts = [
        item.reference
        for task in tasks
        for item in task.items
        if task.direction and task.output_language == language
    ]
    if not texts:
        return []
    tokenizers = (model_loading.tokenizer(*model.weights) for model in compared)
    return [fertility.measure(each, texts, []).tokens_per_character for each in tokenizers]


def _neural_metric(job: Job[EvaluateSettings]) -> NeuralMetric | None:
    from recipes.evaluate import neural

    settings = job.settings.neural
    if settings is None:
        return None
    revision = hub_refs.commit_of(job.api, settings.model, "model", settings.revision)
    job.inputs[settings.model] = revision
    return neural.load(settings, revision, transformers_lm.device())


def make_report(
    job: Job[EvaluateSettings], clean: CleanSuite, evaluation: Evaluation, cost_usd: float
) -> Report:
    """Return what the card's tables are made from."""
    _, adapter, *peers = evaluation.models
    code = job.config.language
    compared = evaluation.models if peers else ()  # otherwise no table shows their tokens
    return Report(
        language=code,
        practice=job.config.practice,
        adapter_label="adapter" if adapter.is_adapter else "tuned",
        results=evaluation.results,
        missing=clean.suite.not_covered,
        contamination=clean.contamination,
        peers=[peer.model for peer in peers],
        overall=evaluation.overall,
        tokens_per_character=_tokens_per_character(compared, clean.tasks, code),
        cost_usd=cost_usd,
        samples=samples.first_translations(clean.tasks, evaluation.outputs, code),
    )


def run_info(job: Job[EvaluateSettings], evaluation: Evaluation) -> schema.RunInfo:
    """Return what all rows of this run share; `evaluated_at` is now."""
    cost_usd, energy_kwh = publish.cost(job.api, job.args, job.inputs)
    return schema.RunInfo(
        language=job.config.language,
        models=evaluation.models,
        practice=job.config.practice,
        request=job.args.request,
        evaluated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        cost_usd=cost_usd,
        energy_kwh=energy_kwh,
        decoding=_decoding(job.settings),
        overall=evaluation.overall,
    )


def _publish(
    job: Job[EvaluateSettings],
    clean: CleanSuite,
    evaluation: Evaluation,
    run: schema.RunInfo,
    report: Report,
) -> str:
    """Push results and outputs, then the adapter's card; return the sha of the first commit."""
    target = publish.results_folder(job.args)
    files = {
        "results.jsonl": schema.result_rows(run, evaluation.results, clean.suite.not_covered),
        "outputs.jsonl": output_rows(job, clean, evaluation),
    }
    commit = publish.push(job.api, target, files, f"Add the results of {job.args.adapter}")
    url = target.results_url(job.api.endpoint, commit)
    if publish.have_same_owner(job.args.adapter, target.repo):
        publish.update_adapter(job.api, job.args.adapter, report, run.evaluated_at, url)
    return commit


def output_rows(
    job: Job[EvaluateSettings], clean: CleanSuite, evaluation: Evaluation
) -> list[schema.Row]:
    """Return the rows of outputs.jsonl: every output with its scores."""
    scores: dict[tuple[int, int], dict[str, Sequence[float]]] = {
        (m, t): {score.metric: score.by_item[m] for score in result.scores if score.by_item}
        for t, result in enumerate(evaluation.results)
        for m in range(len(evaluation.models))
    }
    return response_cache.rows(
        evaluation.models, clean.tasks, job.settings, evaluation.outputs, scores
    )


def _decoding(settings: EvaluateSettings) -> dict[str, str]:
    """Describe in words how outputs are made, by benchmark."""
    harness = settings.lm_eval if settings.backend == "lm_eval" else None
    name = f"lm_eval {harness.model}" if harness else settings.backend
    engine = f"{name}, {settings.model.get('dtype', 'float32')}"
    divisors = {"none": "", "tokens": " per token", "characters": " per character"}
    greedy = f"greedy, at least {settings.generation.max_new_tokens} new tokens allowed, {engine}"
    return {
        name: greedy
        if benchmark_of(name).is_translation
        else f"log-likelihood{divisors[settings.choice_for(benchmark).normalise]}, {engine}"
        for name, benchmark in settings.benchmarks.items()
    }


def _manifest(
    job: Job[EvaluateSettings], clean: CleanSuite, evaluation: Evaluation, commit: str
) -> manifest.Manifest:
    contamination = clean.contamination
    results = evaluation.results
    own = [result for result in results if result.task.language == job.config.language]
    english = [result for result in results if result.task.language != job.config.language]
    harness = job.settings.lm_eval if job.settings.backend == "lm_eval" else None
    engine = ENGINES[harness.model] if harness else ()
    dropped = {"in_training_data": contamination.left_out} if contamination.left_out else {}
    metrics: dict[str, Any] = {
        "results": schema.summary(own),
        "other_metrics": schema.summary(own, main=False),
        "english": schema.summary(english),
        "overall": schema.overall_summary(evaluation.overall),
        "degenerate": schema.flaw_summary(results),
        "titles": abilities(job.settings.benchmarks),
        "not_covered": lacking(clean.suite.not_covered, job.config.language),
        "contamination": {"texts": contamination.texts, "contaminated": contamination.contaminated},
        "peers": [peer.model for peer in evaluation.models[2:]],
    }
    counts = manifest.Counts(clean.items, dropped)
    return job.manifest("evaluate", commit, counts, PACKAGES + engine, metrics=metrics)
