"""Make a next version of an adapter from feedback, compare it, and report the reviews, in one job.

It runs three recipes one after the other, each of which does nothing if it is already done. The
manifest comes last, in a folder of the request, so that another request makes another version.
Too few corrections are a result like any other: another attempt would find no more.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recipes.core import manifest, model_loading
from recipes.core.job import Job, pin
from recipes.core.manifest import Counts, Manifest
from recipes.core.progress import say
from recipes.evaluate import publish
from recipes.evaluate.publish import ResultsFolder
from recipes.train import versions
from recipes.train.card_facts import PACKAGES
from recipes.train.settings import parse

if TYPE_CHECKING:
    from huggingface_hub import HfApi

# Metrics of the comparison that the discussion shows.
REPORTED = ("overall", "gain_before", "gain_before_ci")


def main(args: argparse.Namespace) -> None:
    """Run everything, unless this request has its manifest."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    from recipes.train.next_version import TooFewCorrections

    api, results = HfApi(), publish.results_folder(args)
    target = replace(results, folder=f"{results.folder}/improvements/{args.request}")
    if manifest.already_made(api, target.repo, "dataset", target.path("run.json"), args.digest):
        say(f"{target.repo} has {target.path('run.json')} already: nothing to do")
        return
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    job = pin(api, args, None, {**repos, args.feedback: "dataset"})
    try:
        _run_recipes(api, args)
    except TooFewCorrections as error:
        say(str(error))
        metrics: dict[str, Any] = {"usable": error.usable, "needed": error.needed}
        _push_manifest(job, target, job.inputs[args.adapter], Counts(error.usable), metrics)
        return
    promotion = _promotion(api, results, args)
    metrics = {
        "version": promotion.metrics["version"],
        "promoted": promotion.metrics["promoted"],
        "fresh": promotion.request == args.request,
        **{key: promotion.metrics[key] for key in REPORTED if key in promotion.metrics},
    }
    _push_manifest(job, target, promotion.output_commit, promotion.counts, metrics)
    outcome = "promoted" if metrics["promoted"] else "not promoted"
    say(f"{metrics['version']}: {outcome}; {job.seconds():.1f} s in total")


def _run_recipes(api: HfApi, args: argparse.Namespace) -> None:
    from recipes.promote import run as promote
    from recipes.review import run as review
    from recipes.train import next_version

    arguments = vars(args)
    train_args = argparse.Namespace(**{**arguments, "into": args.adapter})
    next_version.main(api, train_args, parse(args.config.train))
    promote.main(argparse.Namespace(**arguments, version=None))
    review.main(argparse.Namespace(**arguments, thank=[]))


def _promotion(api: HfApi, results: ResultsFolder, args: argparse.Namespace) -> Manifest:
    """Return the manifest of the comparison of the newest version."""
    version = versions.newest_tag(versions.list_versions(api, args.adapter))
    path = results.path(f"versions/{version}/run.json")
    with open(api.hf_hub_download(results.repo, path, repo_type="dataset"), "rb") as file:
        return Manifest.from_json(file.read())


def _push_manifest(
    job: Job[None], target: ResultsFolder, commit: str, counts: Counts, metrics: dict[str, Any]
) -> None:
    run = job.manifest("improve", commit, counts, PACKAGES, metrics)
    manifest.push(job.api, target.repo, "dataset", target.path("run.json"), run)
