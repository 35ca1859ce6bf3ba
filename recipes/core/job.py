"""One run of a recipe that loads models: what was asked for, and the commits of what it reads.

A run is pinned before anything heavy is imported. What a recipe does must not enter it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from recipes.core import hub_refs, manifest
from recipes.core.config import Config

if TYPE_CHECKING:
    from huggingface_hub import HfApi

S = TypeVar("S")


@dataclass(frozen=True)
class Job(Generic[S]):
    """`settings` are those of the recipe's section; `inputs` maps each repo to its commit."""

    api: HfApi
    args: argparse.Namespace
    settings: S
    inputs: dict[str, str]
    began: float

    @property
    def config(self) -> Config:
        """The recipe."""
        config: Config = self.args.config
        return config

    @property
    def base_revision(self) -> str:
        """The base's commit."""
        return self.inputs[self.args.base]

    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    def manifest(
        self,
        step: manifest.Step,
        commit: str,
        counts: manifest.Counts,
        packages: tuple[str, ...],
        metrics: dict[str, Any],
        cost_usd: float = 0.0,
    ) -> manifest.Manifest:
        """What this run took and made, until now; `commit` is that of the repo `--into`."""
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


def pin(api: HfApi, args: argparse.Namespace, settings: S, repos: Mapping[str, str]) -> Job[S]:
    """Begin a run that reads `repos` (name → "dataset" or "model") as they are now."""
    began = time.monotonic()
    inputs = {repo: hub_refs.commit_of(api, repo, kind) for repo, kind in repos.items()}
    return Job(api, args, settings, inputs, began)
