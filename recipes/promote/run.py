"""`kakugo-recipe promote`: compare base, current and new version of an adapter, and update `main`.

The new version is a tag of the adapter's repository. Its result rows and outputs always go to
`<code>/<adapter>/versions/<tag>/` of the results. If it is promoted, its files and outputs also
replace those of `main`, and its rows are added to those of earlier versions; if not, `main` stays
and its card says why. `run.json` is pushed last, and a killed run can be started again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from recipes.core import card_sections, manifest, model_loading
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.evaluate import (
    clean_suite,
    markdown,
    models,
    publish,
    response_cache,
    schema,
    significance,
)
from recipes.evaluate.backends import loader
from recipes.evaluate.clean_suite import CleanSuite
from recipes.evaluate.intervals import Interval
from recipes.evaluate.overall import overall
from recipes.evaluate.publish import ResultsFolder
from recipes.evaluate.run import (
    PACKAGES,
    Evaluation,
    make_report,
    output_rows,
    run_info,
    sum_up,
)
from recipes.evaluate.settings import EvaluateSettings, parse
from recipes.evaluate.significance import TaskResult
from recipes.promote.decision import Decision, VersionScores, decide
from recipes.train import versions

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD_SECTION = "promotion"


@dataclass(frozen=True)
class Comparison:
    """The new version's evaluation, and how it compares with the current version.

    `gain_before` is what the current version gains over the base; None without a test.
    """

    evaluation: Evaluation
    scores: list[VersionScores]
    decision: Decision
    gain_before: Interval | None


def main(args: argparse.Namespace) -> None:
    """Compare and decide, or return at once if that is done."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings, api = parse(args.config.evaluate), HfApi()
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    job = pin(api, args, settings, repos)
    commits = versions.list_versions(api, args.adapter)
    version = args.version or versions.newest_tag(commits)
    if version not in commits:
        known = ", ".join(sorted(commits)) or "none"
        raise UserError(f"{args.adapter} has no version {version}; it has: {known}.")
    target = _results_folder(args, version)
    if manifest.already_made(api, target.repo, "dataset", target.path("run.json"), args.digest):
        say(f"{version} of {args.adapter} was already compared: {target.repo}/{target.folder}")
        return
    current = current_version(api, args.adapter, job.inputs[args.adapter], commits, version)
    _promote(job, target, current, (version, commits[version]))


def current_version(
    api: HfApi, adapter: str, head: str, commits: dict[str, str], new: str
) -> tuple[str, str]:
    """Return tag and commit of the version to compare with: the one in use at `head`.

    If the new version is in use, an earlier run was killed after putting it there; then return the
    version that it was made from.
    """
    in_use = versions.read_manifest(api, adapter, head)
    if versions.tag_of(in_use) != new:
        return versions.tag_of(in_use), head
    previous = in_use.metrics.get("parent_version") if in_use else None
    if previous not in commits:
        raise UserError(
            f"{new} of {adapter} is the current version; there is no other version to compare with."
        )
    return str(previous), commits[str(previous)]


def _results_folder(args: argparse.Namespace, version: str) -> ResultsFolder:
    adapter = publish.results_folder(args)
    return replace(adapter, folder=f"{adapter.folder}/versions/{version}")


def _promote(
    job: Job[EvaluateSettings],
    target: ResultsFolder,
    current: tuple[str, str],
    new: tuple[str, str],
) -> None:
    """Compare, push the results and update `main`; each step can be repeated."""
    clean = clean_suite.load(job)
    job.inputs[job.args.adapter] = current[1]
    comparison = _compare(job, target, clean, current[1], new[1])
    evaluation, decision = comparison.evaluation, comparison.decision
    run = run_info(job, evaluation)
    result_rows = schema.result_rows(run, evaluation.results, clean.suite.not_covered)
    rows = [{**row, "version": new[0]} for row in result_rows]
    message = f"Add the results of {job.args.adapter} {new[0]}"
    commit = publish.push(job.api, target, {"results.jsonl": rows}, message)
    if decision.promoted:
        _put_in_use(job, new)
        url = target.results_url(job.api.endpoint, commit)
        folder = publish.results_folder(job.args)
        earlier = earlier_versions(publish.results(job.api, folder), current[0], new[0])
        _show(job, clean, evaluation, run, [*rows, *earlier], url)
    _update_card(job.api, job.args.adapter, current[0], new[0], decision)
    metrics: dict[str, Any] = {
        "version": new[0],
        "current": current[0],
        "promoted": decision.promoted,
        "reason": decision.reason,
        "comparisons": [asdict(score) for score in comparison.scores],
        "overall": schema.overall_summary(evaluation.overall),
        **schema.interval_columns("gain_before", comparison.gain_before),
    }
    done = job.manifest("promote", commit, manifest.Counts(clean.items), PACKAGES, metrics)
    manifest.push(job.api, target.repo, "dataset", target.path("run.json"), done)
    say(f"{new[0]} is {'' if decision.promoted else 'not '}promoted. {decision.reason}")


def _compare(
    job: Job[EvaluateSettings], target: ResultsFolder, clean: CleanSuite, current: str, new: str
) -> Comparison:
    """Evaluate base, current and new version; outputs of earlier runs are reused."""
    api, args = job.api, job.args
    base_repo = args.base, job.base_revision
    base, current_model = models.base_and_adapter(api, base_repo, (args.adapter, current))
    _, new_model = models.base_and_adapter(api, base_repo, (args.adapter, new))
    tasks = clean.tasks
    outputs_of = response_cache.collect(
        (base, current_model, new_model),
        tasks,
        job.settings,
        loader.backend(job.settings),
        {
            **publish.cached_outputs(api, publish.results_folder(args)),
            **publish.cached_outputs(api, target),
        },
        lambda rows: _push_outputs(job, target, rows),
    )

    def results(*indices: int) -> list[TaskResult]:
        by_task = [[outputs_of[model, task] for model in indices] for task in range(len(tasks))]
        return significance.score_tasks(tasks, by_task, job.settings)

    scores = [_version_scores(result, job.config.practice) for result in results(1, 2, 0)]
    outputs = {(m, t): outputs_of[2 * m, t] for m in (0, 1) for t in range(len(tasks))}
    shown = results(0, 2)
    evaluation = Evaluation((base, new_model), outputs, shown, sum_up(job, clean, new_model, shown))
    before = overall(results(0, 1), job.config.language, job.settings.english_margin)
    return Comparison(evaluation, scores, decide(scores), before.gain)


def _version_scores(result: TaskResult, practice: bool) -> VersionScores:
    score = result.main_score
    return VersionScores(
        markdown.name_of_test(result.task, practice),
        score.metric,
        score.comparison.base.value,
        score.comparison.adapter.value,
        score.comparison.is_significant,
    )


def _push_outputs(
    job: Job[EvaluateSettings], target: ResultsFolder, rows: list[schema.Row]
) -> None:
    publish.push(job.api, target, {"outputs.jsonl": rows}, f"Keep the outputs of {target.folder}")


def _put_in_use(job: Job[EvaluateSettings], new: tuple[str, str]) -> None:
    """Replace the files of `main` with those of the new version."""
    api, adapter, (version, commit) = job.api, job.args.adapter, new
    if versions.tag_of(versions.read_manifest(api, adapter, "main")) != version:
        folder = api.snapshot_download(adapter, revision=commit)
        api.upload_folder(
            repo_id=adapter,
            folder_path=folder,
            delete_patterns="*",
            commit_message=f"Make {version} the current version",
        )


def earlier_versions(rows: Iterable[schema.Row], current: str, new: str) -> list[schema.Row]:
    """Return the adapter's published rows without those of the new version, each with its version.

    Rows without a version are those of the current one.
    """
    versioned = ({"version": current, **row} for row in rows if row["role"] == "adapter")
    return [row for row in versioned if row["version"] != new]


def _show(
    job: Job[EvaluateSettings],
    clean: CleanSuite,
    evaluation: Evaluation,
    run: schema.RunInfo,
    rows: list[schema.Row],
    results_url: str,
) -> None:
    """Publish these rows and the new version's outputs, and its results on the card."""
    adapter, target = job.args.adapter, publish.results_folder(job.args)
    files = {"results.jsonl": rows, "outputs.jsonl": output_rows(job, clean, evaluation)}
    publish.push(job.api, target, files, f"Show the current version of {adapter}")
    report = make_report(job, clean, evaluation, run.cost_usd)
    publish.update_adapter(job.api, adapter, report, run.evaluated_at, results_url)


def _update_card(api: HfApi, adapter: str, current: str, new: str, decision: Decision) -> None:
    """Say on the card of `main` whether the newest version was promoted, and why."""
    from huggingface_hub import ModelCard

    card: ModelCard = ModelCard.load(adapter)
    status = (
        f"**{new} is the current version and replaced {current}.**"
        if decision.promoted
        else f"**{current} is the current version; {new} did not replace it.**"
    )
    text = (
        f"{status} {decision.reason} Every version is kept as a tag: "
        f'`PeftModel.from_pretrained(…, revision="{current}")`.'
    )
    card.text = card_sections.set_section(card.text, CARD_SECTION, text, before="## Results")
    api.upload_file(
        path_or_fileobj=str(card).encode(),
        path_in_repo="README.md",
        repo_id=adapter,
        commit_message=f"Report the comparison of {new}",
    )
