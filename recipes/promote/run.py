"""`kakugo-recipe promote`: compare base, current and new version of an adapter, and update `main`.

The new version is a tag of the adapter's repository. Its result rows and answers always go to
`<code>/<adapter>/versions/<tag>/` of the results. If it is promoted, its files and results also
replace those of `main`; if not, `main` stays and its card says why. `run.json` is pushed last, and
a killed run can be started again.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from recipes.core import card_sections, manifest, model_loading
from recipes.core.errors import UserError
from recipes.core.job import Job, pin
from recipes.core.progress import say
from recipes.evaluate import (
    benchmarks,
    markdown,
    models,
    publish,
    response_cache,
    schema,
    significance,
)
from recipes.evaluate.backends import loader
from recipes.evaluate.publish import Place
from recipes.evaluate.run import PACKAGES, Questions, Scored, clean, outputs, record, report
from recipes.evaluate.settings import EvaluateSettings, parse
from recipes.evaluate.significance import Outcome
from recipes.promote.decision import Decision, VersionScores, decide
from recipes.train import versions

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD_SECTION = "promotion"


@dataclass(frozen=True)
class Comparison:
    """The new version's scores beside the base's, and how it compares with the current version."""

    scored: Scored
    scores: list[VersionScores]
    decision: Decision


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
    where = _place(args, version)
    if manifest.already_made(api, where.repo, "dataset", where.path("run.json"), args.digest):
        say(f"{version} of {args.adapter} was already compared: {where.repo}/{where.folder}")
        return
    current = current_version(api, args.adapter, job.inputs[args.adapter], commits, version)
    _promote(job, where, current, (version, commits[version]))


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
        raise UserError(f"{new} of {adapter} is in use; there is no other version to compare with.")
    return str(previous), commits[str(previous)]


def _place(args: argparse.Namespace, version: str) -> Place:
    return Place(args.into, f"{publish.place(args).folder}/versions/{version}")


def _promote(
    job: Job[EvaluateSettings], where: Place, current: tuple[str, str], new: tuple[str, str]
) -> None:
    """Compare, push the results and update `main`; each step can be repeated."""
    questions = clean(job, benchmarks.load(job.api, job.settings, job.config.language))
    job.inputs.update(questions.suite.revisions)
    job.inputs[job.args.adapter] = current[1]
    comparison = _compare(job, where, questions, current[1], new[1])
    scored, decision = comparison.scored, comparison.decision
    run = record(job, scored.contestants)
    result_rows = schema.rows(run, scored.outcomes, questions.suite.not_covered)
    rows = [{**row, "version": new[0]} for row in result_rows]
    message = f"Add the results of {job.args.adapter} {new[0]}"
    commit = publish.push(job.api, where, {"results.jsonl": rows}, message)
    if decision.promoted:
        _put_in_use(job, new)
        _show(job, questions, scored, rows, run.date, where.rows_at(job.api.endpoint, commit))
    _update_card(job.api, job.args.adapter, current[0], new[0], decision)
    metrics: dict[str, Any] = {
        "version": new[0],
        "current": current[0],
        "promoted": decision.promoted,
        "reason": decision.reason,
        "comparisons": [asdict(score) for score in comparison.scores],
    }
    items = sum(len(task.items) for task in questions.tasks)
    done = job.manifest("promote", commit, manifest.Counts(items), PACKAGES, metrics)
    manifest.push(job.api, where.repo, "dataset", where.path("run.json"), done)
    say(f"{new[0]} is {'' if decision.promoted else 'not '}promoted. {decision.reason}")


def _compare(
    job: Job[EvaluateSettings], where: Place, questions: Questions, current: str, new: str
) -> Comparison:
    """Evaluate base, current and new version; answers of earlier runs are reused."""
    api, args = job.api, job.args
    under = args.base, job.base_revision
    base, current_model = models.find(api, under, (args.adapter, current))
    _, new_model = models.find(api, under, (args.adapter, new))
    tasks = questions.tasks
    outputs_of = response_cache.collect(
        (base, current_model, new_model),
        tasks,
        job.settings,
        loader.stage(job.settings),
        {**publish.kept(api, publish.place(args)), **publish.kept(api, where)},
        lambda lines: _push_answers(job, where, lines),
    )

    def outcomes(*indices: int) -> list[Outcome]:
        by_task = [[outputs_of[model, task] for model in indices] for task in range(len(tasks))]
        return significance.judge(tasks, by_task, job.settings)

    scores = [_version_scores(outcome, job.config.practice) for outcome in outcomes(1, 2, 0)]
    pair = {(c, t): outputs_of[2 * c, t] for c in (0, 1) for t in range(len(tasks))}
    scored = Scored((base, new_model), pair, outcomes(0, 2))
    return Comparison(scored, scores, decide(scores))


def _version_scores(outcome: Outcome, practice: bool) -> VersionScores:
    score = outcome.main
    return VersionScores(
        markdown.tested_name(outcome, practice),
        score.metric,
        score.comparison.base.value,
        score.comparison.adapter.value,
        score.significant,
    )


def _push_answers(job: Job[EvaluateSettings], where: Place, lines: list[schema.Row]) -> None:
    publish.push(job.api, where, {"outputs.jsonl": lines}, f"Save answers of {where.folder}")


def _put_in_use(job: Job[EvaluateSettings], new: tuple[str, str]) -> None:
    """Replace the files of `main` with those of the new version."""
    api, adapter, (version, commit) = job.api, job.args.adapter, new
    if versions.tag_of(versions.read_manifest(api, adapter, "main")) != version:
        folder = api.snapshot_download(adapter, revision=commit)
        api.upload_folder(
            repo_id=adapter,
            folder_path=folder,
            delete_patterns="*",
            commit_message=f"Put {version} in use",
        )


def _show(
    job: Job[EvaluateSettings],
    questions: Questions,
    scored: Scored,
    rows: list[schema.Row],
    date: str,
    source: str,
) -> None:
    """Publish the new version's rows and answers as the adapter's, and its results on the card."""
    adapter, place = job.args.adapter, publish.place(job.args)
    files = {"results.jsonl": rows, "outputs.jsonl": outputs(job, questions, scored)}
    publish.push(job.api, place, files, f"Show the version of {adapter} that is in use")
    results = report(job, questions, scored.contestants, scored.outcomes)
    publish.show(job.api, adapter, results, date, source)


def _update_card(api: HfApi, adapter: str, current: str, new: str, decision: Decision) -> None:
    """Say on the card of `main` whether the newest version was promoted, and why."""
    from huggingface_hub import ModelCard

    card: ModelCard = ModelCard.load(adapter)
    status = (
        f"**{new} is in use and replaced {current}.**"
        if decision.promoted
        else f"**{current} is in use; {new} did not replace it.**"
    )
    text = (
        f"{status} {decision.reason} Every version is kept as a tag: "
        f'`PeftModel.from_pretrained(…, revision="{current}")`.'
    )
    card.text = card_sections.put(card.text, CARD_SECTION, text, before="## Results")
    api.upload_file(
        path_or_fileobj=str(card).encode(),
        path_in_repo="README.md",
        repo_id=adapter,
        commit_message=f"Report the comparison of {new}",
    )
