"""`kakugo-recipe improve`: next version, comparison and review report of an adapter, in one job.

Three recipes one after the other, each of which leaves at once when it is done already; `run.json`
comes last, in a folder of the request's own: who asks again, asks for one more version.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from recipes.core import manifest, model_loading
from recipes.core.job import Job, pin
from recipes.core.manifest import Manifest
from recipes.core.progress import say
from recipes.evaluate import publish
from recipes.evaluate.publish import Place
from recipes.train import versions
from recipes.train.card_facts import PACKAGES
from recipes.train.settings import parse

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def main(args: argparse.Namespace) -> None:
    """Do all of it, or leave at once when this request has its manifest."""
    model_loading.quiet()
    from huggingface_hub import HfApi

    api, results = HfApi(), publish.place(args)
    where = Place(results.repo, f"{results.folder}/improvements/{args.request}")
    if manifest.already_made(api, where.repo, "dataset", where.path("run.json"), args.digest):
        say(f"{where.repo} has {where.path('run.json')} already")
        return
    repos = {args.dataset: "dataset", args.base: "model", args.adapter: "model"}
    job = pin(api, args, None, {**repos, args.feedback: "dataset"})
    _in_turn(api, args)
    done = _compared(api, results, args)
    metrics: dict[str, Any] = {
        "version": done.metrics["version"],
        "promoted": done.metrics["promoted"],
        "fresh": done.request == args.request,  # or it was made and compared for somebody else
    }
    _finish(job, where, done, metrics)


def _in_turn(api: HfApi, args: argparse.Namespace) -> None:
    from recipes.promote import run as promoting
    from recipes.review import run as reviewing
    from recipes.train import next_version as training

    given = vars(args)
    learnt = argparse.Namespace(**{**given, "into": args.adapter})
    training.main(api, learnt, parse(args.config.train))
    promoting.main(argparse.Namespace(**given, version=None))
    reviewing.main(argparse.Namespace(**given, thank=[]))


def _compared(api: HfApi, results: Place, args: argparse.Namespace) -> Manifest:
    """What became of the newest version."""
    version = versions.newest_tag(versions.list_versions(api, args.adapter))
    path = results.path(f"versions/{version}/run.json")
    with open(api.hf_hub_download(results.repo, path, repo_type="dataset"), "rb") as file:
        return Manifest.from_json(file.read().decode())


def _finish(job: Job[None], where: Place, done: Manifest, metrics: dict[str, Any]) -> None:
    made = job.manifest("improve", done.output_commit, done.counts, PACKAGES, metrics)
    manifest.push(job.api, where.repo, "dataset", where.path("run.json"), made)
    say(f"{metrics['version']}: promoted {metrics['promoted']}; {job.seconds():.1f} s in all")
