"""`kakugo-recipe promote`: base, present version and new one are compared, and `main` decided.

The new version is a tag of the adapter's repository. Its rows and answers go to
`<code>/<adapter>/versions/<tag>/` of the results, whatever the verdict. When it is promoted, `main`
gets its files and its results; when it is not, `main` stays, and its card says why. `run.json`
comes last; killed at any moment it may be started again.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
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
from recipes.promote.decision import Compared, Verdict, promote
from recipes.train import versions

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MARK = "promotion"


@dataclass(frozen=True)
class Judged:
    """The new version against its base, and what came of it against the present one."""

    scored: Scored
    compared: list[Compared]
    verdict: Verdict


def main(args: argparse.Namespace) -> None:
    """Compare and decide, or leave at once when that was done."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    settings, api = parse(args.config.evaluate), HfApi()
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    job = pin(api, args, settings, repos)
    there = versions.of(api, args.adapter)
    version = args.version or versions.newest(there)
    if version not in there:
        known = ", ".join(sorted(there)) or "none"
        raise UserError(f"{args.adapter} has no version {version}; it has: {known}.")
    where = _place(args, version)
    if manifest.already_made(api, where.repo, "dataset", where.path("run.json"), args.digest):
        say(f"{version} of {args.adapter} is compared already: {where.repo}/{where.folder}")
        return
    before = present(api, args.adapter, job.inputs[args.adapter], there, version)
    _decide(job, where, before, (version, there[version]))


def present(
    api: HfApi, adapter: str, head: str, there: dict[str, str], new: str
) -> tuple[str, str]:
    """The version (and its commit) that the new one is compared with: the one in use at `head`.

    When that is the new one already, this run was killed after it had put it there: then it is the
    one that the new one was made from.
    """
    in_use = versions.manifest(api, adapter, head)
    if versions.name(in_use) != new:
        return versions.name(in_use), head
    before = in_use.metrics.get("parent_version") if in_use else None
    if before not in there:
        raise UserError(f"{new} of {adapter} is in use, and there is no other to compare it with.")
    return str(before), there[str(before)]


def _place(args: argparse.Namespace, version: str) -> Place:
    return Place(args.into, f"{publish.place(args).folder}/versions/{version}")


def _decide(
    job: Job[EvaluateSettings], where: Place, present: tuple[str, str], new: tuple[str, str]
) -> None:
    """Ask, judge, push, move `main` or not; each step may be done again."""
    questions = clean(job, benchmarks.load(job.api, job.settings, job.config.language))
    job.inputs.update(questions.suite.revisions)
    job.inputs[job.args.adapter] = present[1]
    found = _judged(job, where, questions, present[1], new[1])
    run = record(job, found.scored.contestants)
    made = schema.rows(run, found.scored.outcomes, questions.suite.not_covered)
    rows = [{**row, "version": new[0]} for row in made]
    message = f"Add the results of {job.args.adapter} {new[0]}"
    commit = publish.push(job.api, where, {"results.jsonl": rows}, message)
    if found.verdict.promoted:
        _put_in_use(job, new)
        _show(job, questions, found.scored, rows, run.date, where.rows_at(job.api.endpoint, commit))
    _tell(job.api, job.args.adapter, present[0], new[0], found.verdict)
    metrics: dict[str, Any] = {
        "version": new[0],
        "current": present[0],
        "promoted": found.verdict.promoted,
        "reason": found.verdict.reason,
        "comparisons": [
            {
                "test": one.test,
                "metric": one.metric,
                "current": one.present,
                "new": one.new,
                "significant": one.significant,
            }
            for one in found.compared
        ],
    }
    items = sum(len(task.items) for task in questions.tasks)
    done = job.manifest("promote", commit, manifest.Counts(items), PACKAGES, metrics)
    manifest.push(job.api, where.repo, "dataset", where.path("run.json"), done)
    say(f"{new[0]} is {'' if found.verdict.promoted else 'not '}promoted. {found.verdict.reason}")


def _judged(
    job: Job[EvaluateSettings], where: Place, questions: Questions, present: str, new: str
) -> Judged:
    """Everybody answers everything; what is known from earlier is not asked again."""
    api, args = job.api, job.args
    under = args.base, job.base_revision
    plain, old = models.find(api, under, (args.adapter, present))
    _, fresh = models.find(api, under, (args.adapter, new))
    everybody, tasks = (plain, old, fresh), questions.tasks
    given = response_cache.collect(
        everybody,
        tasks,
        job.settings,
        loader.stage(job.settings),
        {**publish.kept(api, publish.place(args)), **publish.kept(api, where)},
        lambda lines: _keep(job, where, lines),
    )

    def judged(*places: int) -> list[Outcome]:
        by_task = [[given[c, t] for c in places] for t in range(len(tasks))]
        return significance.judge(tasks, by_task, job.settings)

    compared = [_compared(outcome, job.config.practice) for outcome in judged(1, 2, 0)]
    answered = {(c, t): given[2 * c, t] for c in (0, 1) for t in range(len(tasks))}
    scored = Scored((plain, fresh), answered, judged(0, 2))
    return Judged(scored, compared, promote(compared))


def _compared(outcome: Outcome, practice: bool) -> Compared:
    score = outcome.main
    return Compared(
        markdown.tested_name(outcome, practice),
        score.metric,
        score.comparison.base.value,
        score.comparison.adapter.value,
        score.significant,
    )


def _keep(job: Job[EvaluateSettings], where: Place, lines: list[schema.Row]) -> None:
    publish.push(job.api, where, {"outputs.jsonl": lines}, f"Keep answers of {where.folder}")


def _put_in_use(job: Job[EvaluateSettings], new: tuple[str, str]) -> None:
    """`main` gets the files of the new version."""
    api, adapter, (version, at) = job.api, job.args.adapter, new
    if versions.name(versions.manifest(api, adapter, "main")) != version:
        folder = api.snapshot_download(adapter, revision=at)
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
    """Rows and answers of the version in use stand where the adapter's do, its card has them."""
    adapter, place = job.args.adapter, publish.place(job.args)
    files = {"results.jsonl": rows, "outputs.jsonl": outputs(job, questions, scored)}
    publish.push(job.api, place, files, f"Show the version of {adapter} that is in use")
    told = report(job, questions, scored.contestants, scored.outcomes)
    publish.show(job.api, adapter, told, date, source)


def _tell(api: HfApi, adapter: str, present: str, new: str, verdict: Verdict) -> None:
    """Say in the card of `main` what became of the newest version."""
    from huggingface_hub import ModelCard

    card: ModelCard = ModelCard.load(adapter)
    said = (
        f"**{new} is in use; {present} before it.** {verdict.reason}"
        if verdict.promoted
        else f"**{present} is in use; {new} was made and is not.** {verdict.reason}"
    )
    kept = f'Every version is kept as a tag: `PeftModel.from_pretrained(…, revision="{present}")`.'
    card.text = card_sections.put(card.text, MARK, f"{said} {kept}", before="## Results")
    api.upload_file(
        path_or_fileobj=str(card).encode(),
        path_in_repo="README.md",
        repo_id=adapter,
        commit_message=f"Say what became of {new}",
    )
