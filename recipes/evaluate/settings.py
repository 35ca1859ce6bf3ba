"""The `evaluate:` section of a recipe: which benchmarks, how they are asked and judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from recipes.refusal import Refusal
from recipes.section import build

Normalise = Literal["none", "tokens", "characters"]


@dataclass(frozen=True)
class Shots:
    """So many rows of a split come before each question, as earlier turns."""

    count: int
    split: str


@dataclass(frozen=True)
class Benchmark:
    """One benchmark; prompts are templates whose fields are named in benchmarks.py.

    `prompts` has the two directions of a translation, `options` the recipe's word for each
    category, `answer` how an option is said, `configs` the dataset's own names of our languages.
    """

    dataset: str
    revision: str
    split: str
    prompt: str = ""
    prompts: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    answer: str = "{option}"
    configs: dict[str, str] | None = None
    limit: int | None = None
    shots: Shots = Shots(0, "")


@dataclass(frozen=True)
class Generation:
    """Greedy translations: prompts at a time, and the longest answer in tokens."""

    batch: int
    max_new_tokens: int


@dataclass(frozen=True)
class Choice:
    """Options by log-likelihood: prompts at a time, and what the sum is divided by."""

    batch: int
    normalise: Normalise


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of the items, and their seed."""

    samples: int
    seed: int


@dataclass(frozen=True)
class Settings:
    """`model` goes to `from_pretrained`; `merge` puts the adapter into the weights before scoring.

    `copied` is from how many letters on a benchmark text inside a training message is a copy.
    """

    model: dict[str, Any]
    merge: bool
    generation: Generation
    choice: Choice
    bootstrap: Bootstrap
    copied: int
    benchmarks: dict[str, Benchmark]
    system: str = ""
    threads: int | None = None


def parse(section: dict[str, Any]) -> Settings:
    """Parse the section; raises Refusal that names the key which is missing, unknown or foreign."""
    parts = {"generation": Generation, "choice": Choice, "bootstrap": Bootstrap}
    known = {
        key: build(parts[key], value, key) if key in parts else value
        for key, value in section.items()
    }
    known["benchmarks"] = {
        name: _benchmark(name, value) for name, value in (section.get("benchmarks") or {}).items()
    }
    settings = build(Settings, known, "evaluate")
    if settings.choice.normalise not in ("none", "tokens", "characters"):
        raise Refusal(
            f"`normalise` is none, tokens or characters, not {settings.choice.normalise!r}."
        )
    return settings


def _benchmark(name: str, value: object) -> Benchmark:
    if isinstance(value, dict) and "shots" in value:
        value = {**value, "shots": build(Shots, value["shots"], "shots")}
    return build(Benchmark, value, name)
