"""One run of a recipe that loads models: its arguments, settings and inputs at their commits."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from recipes.core import hub_refs, manifest
from recipes.core.config import Config

if TYPE_CHECKING:
    from huggingface_hub import HfApi

S = TypeVar("S")


@dataclass(frozen=True)
class Job(Generic[S]):
    """A run: `inputs` maps repositories to commits; `started_at` is on the monotonic clock."""

    api: HfApi
    args: argparse.Namespace
    settings: S
    inputs: dict[str, str]
    started_at: float

    @property
    def config(self) -> Config:
        """The recipe's YAML."""
        config: Config = self.args.config
        return config

    @property
    def base_revision(self) -> str:
        """The base's commit."""
        return self.inputs[self.args.base]

    def seconds(self) -> float:
        """Return the seconds since the run started."""
        return time.monotonic() - self.started_at

    def manifest(
        self,
        step: manifest.Step,
        commit: str,
        counts: manifest.Counts,
        packages: tuple[str, ...],
        metrics: dict[str, Any],
        cost_usd: float = 0.0,
    ) -> manifest.Manifest:
        """Return the manifest of this run; `commit` is the output's in the repository `--into`."""
        return manifest.Manifest(
            step=step,
            request=self.args.request,
            attempt=self.args.attempt,
            digest=self.args.digest,
            language=self.config.language,
            inputs=self.inputs,
            output_repo=self.args.into,
            output_commit=commit,
            practice=self.config.practice,
            seconds=self.seconds(),
            counts=counts,
            versions=manifest.versions(*packages),
            metrics=metrics,
            cost_usd=cost_usd,
        )


def take_revisions(args: argparse.Namespace, names: Sequence[str]) -> dict[str, str]:
    """Remove `@REVISION` from these arguments; return the revisions by repository."""
    refs = {name: hub_refs.split_ref(getattr(args, name)) for name in names}
    vars(args).update({name: repo for name, (repo, _) in refs.items()})
    return {repo: revision for repo, revision in refs.values() if revision != "main"}


def pin(
    api: HfApi,
    args: argparse.Namespace,
    settings: S,
    repos: Mapping[str, str],
    revisions: Mapping[str, str] | None = None,
) -> Job[S]:
    """Start a run that reads `repos` (name → "dataset" or "model") at commits.

    These are the current ones, except for the repositories in `revisions`.
    """
    started_at = time.monotonic()
    at = revisions or {}
    inputs = {
        repo: hub_refs.commit_of(api, repo, repo_type, at.get(repo, "main"))
        for repo, repo_type in repos.items()
    }
    return Job(api, args, settings, inputs, started_at)
