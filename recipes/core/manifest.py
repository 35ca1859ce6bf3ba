"""Write and read `run.json`, the manifest that every recipe pushes in its last commit.

A recipe is done when its manifest exists with the digest of the run, so nothing may be pushed after
it. Nobody outside the recipes reads anything else to know what a run did. Schema 2; manifests of
schema 1 are read, too (`manifest_upgrade.py`). What `metrics` holds, by step:

| step | key | meaning |
|---|---|---|
| check | `advice` | `level`; `shortfalls` with `metric`, `value`, `threshold` |
| | `teacher` | the fields of `ProbeMetrics` (check/probe.py) |
| | `bases` | by repository, the fields of `TokenizerFit` (check/fertility.py) |
| generate | `calls`, `reused_answers` | answers that were paid for, and that the journal had |
| | `earlier_runs_usd` | what earlier runs for the language paid for answers in the dataset |
| | `other_languages_usd` | the same for runs for other languages |
| | `stopped`, `skipped`, `fluency` | if it ended early, why; unused corpora; the judge's marks |
| bake-off | `recommended_base`, `reasons` | repository; sentences |
| | `bits_per_byte` | held-out loss by repository |
| train | `loss_first`, `loss_last`, `held_out_loss` | nats per token |
| | `training_seconds`, `steps`, `tokens`, … | of the training itself |
| | `version`, `parent_version` | of an adapter made from feedback, like `v2`, and its start |
| | `pairs_digest` | of the preference pairs |
| | `reward_margin`, `reward_accuracy` | of DPO at the last step |
| evaluate | `results`, `other_metrics`, `english` | main and other scores, and those in English |
| | `overall` | mean gain, and whether English was kept (evaluate/overall.py) |
| | `degenerate` | flaws of translations by direction (evaluate/degenerate.py) |
| | `titles` | what each benchmark tests, for the bot's reply |
| | `not_covered`, `peers` | benchmarks without the language; other models |
| | `contamination` | `texts` of the benchmarks, and how many are `contaminated` |
| promote | `version`, `current`, `promoted`, `reason` | the two versions; the decision |
| | `comparisons` | `test`, `metric`, `current`, `new`, `significant` |
| improve | `version`, `promoted`, `fresh` | `fresh`: this request made the version |
| export | `share`, `english_kept`, `losses`, `files` | `share` of the adapter that was merged |
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from recipes.core.errors import Unworkable, UserError
from recipes.core.manifest_upgrade import upgrade
from recipes.validation.documents import read_json
from recipes.validation.errors import InvalidInput
from recipes.validation.models import parse
from recipes.validation.ranges import Amount, Count

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SCHEMA = 2
Step = Literal["check", "generate", "bake-off", "train", "evaluate", "promote", "improve", "export"]
LimitedCount = Annotated[Count, Field(le=10**12)]
LimitedAmount = Annotated[Amount, Field(le=1e12)]


@dataclass(frozen=True)
class Counts:
    """Rows kept, and rows dropped by reason."""

    kept: LimitedCount = 0
    dropped: dict[str, LimitedCount] = field(default_factory=dict)


@dataclass(frozen=True)
class Tokens:
    """Tokens that a paid model read and wrote."""

    input: LimitedCount = 0
    output: LimitedCount = 0


@dataclass(frozen=True)
class Manifest:
    """What one run of a recipe read, made and cost (US dollars, seconds)."""

    step: Step
    request: str
    attempt: int
    digest: str
    language: str
    inputs: dict[str, str]
    output_repo: str
    output_commit: str
    practice: bool
    seconds: float
    counts: Counts = field(default_factory=Counts)
    tokens: Tokens = field(default_factory=Tokens)
    cost_usd: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    recipe_version: str = field(default_factory=lambda: recipe_version())
    recipe_commit: str | None = field(default_factory=lambda: recipe_commit())

    def to_json(self) -> str:
        """Return the text of `run.json`, with sorted keys and indented by two spaces."""
        wire = {
            "schema": SCHEMA,
            "step": self.step,
            "request": self.request,
            "attempt": self.attempt,
            "digest": self.digest,
            "language": self.language,
            "inputs": self.inputs,
            "output": {"repo": self.output_repo, "commit": self.output_commit},
            "recipe": {"version": self.recipe_version, "commit": self.recipe_commit},
            "counts": asdict(self.counts),
            "tokens": asdict(self.tokens),
            "cost_usd": round(self.cost_usd, 6),
            "seconds": round(self.seconds, 3),
            "versions": self.versions,
            "metrics": self.metrics,
            "practice": self.practice,
        }
        return json.dumps(wire, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(content: str | bytes) -> Manifest:
        """Parse `run.json`; raise UserError if it is not a manifest of a known schema."""
        try:
            wire = parse(_Wire, upgrade(read_json(content, "run.json")), "run.json")
        except (InvalidInput, KeyError, TypeError, ValueError, AttributeError) as error:
            problem = str(error) if isinstance(error, InvalidInput) else type(error).__name__
            raise Unworkable(f"This is not a manifest ({problem.rstrip('.')}).") from error
        return Manifest(
            step=wire.step,
            request=wire.request,
            attempt=wire.attempt,
            digest=wire.digest,
            language=wire.language,
            inputs=wire.inputs,
            output_repo=wire.output.repo,
            output_commit=wire.output.commit,
            practice=wire.practice,
            seconds=wire.seconds,
            counts=wire.counts,
            tokens=wire.tokens,
            cost_usd=wire.cost_usd,
            versions=wire.versions,
            metrics=dict(wire.metrics),
            recipe_version=wire.recipe.version,
            recipe_commit=wire.recipe.commit,
        )


class _Metrics(TypedDict, total=False):
    """The metrics that recipes read from each other's manifests; there are many others."""

    __pydantic_config__ = ConfigDict(  # type: ignore[misc]
        strict=True, allow_inf_nan=False, extra="allow"
    )

    earlier_runs_usd: LimitedAmount
    energy_kwh: LimitedAmount | None
    pairs_digest: str
    peers: list[str]
    version: Annotated[str, Field(pattern=r"^v[1-9][0-9]{0,5}$")]
    parent_version: str | None
    promoted: bool


@dataclass(frozen=True)
class _Output:
    repo: str
    commit: str


@dataclass(frozen=True)
class _Recipe:
    version: str
    commit: str | None


@dataclass(frozen=True)
class _Wire:
    """What `to_json` writes."""

    schema: Literal[2]
    step: Step
    request: str
    attempt: LimitedCount
    digest: str
    language: str
    inputs: dict[str, str]
    output: _Output
    recipe: _Recipe
    counts: Counts
    tokens: Tokens
    cost_usd: LimitedAmount
    seconds: LimitedAmount
    versions: dict[str, str]
    metrics: _Metrics
    practice: bool


def check_path(language: str) -> str:
    """Return the path of a language's check in the results dataset."""
    return f"checks/{language}/run.json"


def read(
    api: HfApi, repo: str, repo_type: str, path: str = "run.json", revision: str = "main"
) -> Manifest | None:
    """Return the manifest at `path`; None if there is none that can be read."""
    if not api.file_exists(repo, path, repo_type=repo_type, revision=revision):
        return None
    local = api.hf_hub_download(repo, path, repo_type=repo_type, revision=revision)
    with open(local, "rb") as file:
        try:
            return Manifest.from_json(file.read())
        except UserError:
            return None


def already_made(api: HfApi, repo: str, repo_type: str, path: str, digest: str) -> bool:
    """Return whether the repository has a manifest with this digest at `path`."""
    made = read(api, repo, repo_type, path)
    return made is not None and made.digest == digest


def push(
    api: HfApi, repo: str, repo_type: str, path: str, manifest: Manifest, revision: str = "main"
) -> str:
    """Push the manifest as the last commit of a run; return its sha."""
    commit = api.upload_file(
        path_or_fileobj=manifest.to_json().encode(),
        path_in_repo=path,
        repo_id=repo,
        repo_type=repo_type,
        revision=revision,
        commit_message=f"Finish {manifest.step} of {manifest.language}",
    )
    return str(commit.oid)


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of these distributions."""
    return {package: metadata.version(package) for package in packages}


def recipe_version() -> str:
    """Return the version of the installed project."""
    return metadata.version("kakugo-bot")


def recipe_commit() -> str | None:
    """Return the commit on the Hub of the installed wheel; None if its URL is not pinned."""
    origin = metadata.distribution("kakugo-bot").read_text("direct_url.json") or ""
    pinned = re.search(r"/resolve/([0-9a-f]{40})/", origin)
    return pinned.group(1) if pinned else None
