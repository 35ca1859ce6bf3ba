"""The `evaluate:` section of a recipe: which benchmarks, how they are asked and judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from recipes.core.errors import UserError
from recipes.core.schema import build

Normalise = Literal["none", "tokens", "characters"]
Backend = Literal["transformers", "vllm"]


@dataclass(frozen=True)
class Shots:
    """So many rows of a split come before each question, as earlier turns."""

    count: int
    split: str


@dataclass(frozen=True)
class Benchmark:
    """One benchmark; prompts are templates whose fields are named in benchmarks.py.

    `revision` is a branch, a tag or a commit, and its commit is what gets recorded. `prompts` has
    the two directions of a translation, `options` the recipe's word for each category, `answer`
    how an option is said, `configs` the dataset's own names of languages that it calls otherwise.
    `english` says what is different when the same is asked in English; without it, it is not.
    """

    dataset: str
    revision: str
    split: str
    prompt: str = ""
    prompts: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    answer: str = "{option}"
    configs: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    shots: Shots = Shots(0, "")
    english: dict[str, Any] | None = None

    def in_english(self) -> Benchmark | None:
        """The same benchmark as it is asked in English, None where it is not."""
        return None if self.english is None else replace(self, english=None, **self.english)


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
class Bleu:
    """sacrebleu's tokenizer, and the one for texts in the `unspaced` scripts (ISO 15924)."""

    tokenize: str
    characters: str
    unspaced: tuple[str, ...]


@dataclass(frozen=True)
class Neural:
    """A metric that is a model: an encoder whose head gives one number for two texts.

    `first` and `second` are templates of what it reads, with {source}, {reference} and {output};
    `languages` are those that it knows, None where it is asked about any.
    """

    name: str
    model: str
    revision: str
    batch: int
    max_length: int
    first: str
    second: str
    languages: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Degenerate:
    """From how many letters CLD2 is believed; the share of a text from which a repeat is a loop."""

    identify_from: int
    loop: float


@dataclass(frozen=True)
class EvaluateSettings:
    """`model` goes to `from_pretrained`; `merge` puts the adapter into the weights before scoring.

    `copied` is from how many letters on a benchmark text inside a training message is a copy;
    `keep_after` are the seconds after which finished answers are put on the Hub; `vllm` are
    arguments of its engine.
    """

    model: dict[str, Any]
    merge: bool
    generation: Generation
    choice: Choice
    bootstrap: Bootstrap
    bleu: Bleu
    degenerate: Degenerate
    copied: int
    keep_after: float
    benchmarks: dict[str, Benchmark]
    backend: Backend = "transformers"
    vllm: dict[str, Any] = field(default_factory=dict)
    neural: Neural | None = None
    system: str = ""
    threads: int | None = None


PARTS = {
    "generation": Generation,
    "choice": Choice,
    "bootstrap": Bootstrap,
    "bleu": Bleu,
    "degenerate": Degenerate,
    "neural": Neural,
}


def parse(section: dict[str, Any]) -> EvaluateSettings:
    """Parse the section; raises UserError that names a missing or an unknown key."""
    known = {
        key: build(PARTS[key], value, key) if key in PARTS and value is not None else value
        for key, value in section.items()
    }
    known["benchmarks"] = {
        name: _benchmark(name, value) for name, value in (section.get("benchmarks") or {}).items()
    }
    settings = build(EvaluateSettings, known, "evaluate")
    _one_of("normalise", settings.choice.normalise, get_args(Normalise))
    _one_of("backend", settings.backend, get_args(Backend))
    return settings


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"`{key}` in the recipe is one of {', '.join(allowed)}, not {value!r}.")


def _benchmark(name: str, value: object) -> Benchmark:
    if isinstance(value, dict) and "shots" in value:
        value = {**value, "shots": build(Shots, value["shots"], "shots")}
    benchmark: Benchmark = build(Benchmark, value, name)
    if benchmark.english is not None:
        # Refused here, not when it is asked.
        build(Benchmark, {**vars(benchmark), **benchmark.english}, f"{name}.english")
    return benchmark
