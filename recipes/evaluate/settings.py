"""Parse the `evaluate:` section of a recipe. The fields are its keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from recipes.core.benchmarks.settings import BenchmarkSettings, Normalise
from recipes.core.benchmarks.settings import parse as parse_benchmarks
from recipes.core.errors import UserError
from recipes.core.schema import build

BackendName = Literal["transformers", "lm_eval"]
LmEvalModelName = Literal["hf", "vllm", "sglang", "local-completions"]


@dataclass(frozen=True)
class GenerationSettings:
    """Greedy translations: the number of prompts in a batch, and the limit of new tokens."""

    batch: int
    max_new_tokens: int


@dataclass(frozen=True)
class ChoiceSettings:
    """Log-likelihoods of options: prompts in a batch, and what a sum is divided by."""

    batch: int
    normalise: Normalise


@dataclass(frozen=True)
class BootstrapSettings:
    """The number of resamples, and the seed of the draws."""

    samples: int
    seed: int


@dataclass(frozen=True)
class BleuSettings:
    """sacrebleu's tokenizer, and the one for texts in the `unspaced` scripts (ISO 15924)."""

    tokenize: str
    characters: str
    unspaced: tuple[str, ...]


@dataclass(frozen=True)
class NeuralSettings:
    """A metric that is a model: an encoder whose head gives one number for two texts.

    `first` and `second` are templates of the texts, with {source}, {reference} and {output}.
    `languages` are those that the metric supports; None means all.
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
class DegenerateSettings:
    """The fewest letters for identifying a language, and the repeated share that is a loop."""

    identify_from: int
    loop: float


@dataclass(frozen=True)
class LmEvalSettings:
    """For `backend: lm_eval`: a model of lm-evaluation-harness, and its `--model_args`.

    The models, their commits and the dtype are added to `args`; a server needs `base_url`.
    """

    model: LmEvalModelName
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluateSettings:
    """The whole section.

    `model` are arguments of `from_pretrained`. `merge` merges the adapter into the weights before
    scoring; lm_eval keeps it apart. A benchmark text of at least `copied` letters inside a
    training message is contaminated. Finished outputs are pushed after `keep_after` seconds.
    """

    model: dict[str, Any]
    merge: bool
    generation: GenerationSettings
    choice: ChoiceSettings
    bootstrap: BootstrapSettings
    bleu: BleuSettings
    degenerate: DegenerateSettings
    copied: int
    keep_after: float
    benchmarks: dict[str, BenchmarkSettings]
    backend: BackendName = "transformers"
    lm_eval: LmEvalSettings | None = None
    neural: NeuralSettings | None = None
    system: str = ""
    threads: int | None = None

    def choice_for(self, benchmark: BenchmarkSettings) -> ChoiceSettings:
        """Return how a benchmark's options are scored: its own `normalise` comes first."""
        return replace(self.choice, normalise=benchmark.normalise or self.choice.normalise)


PARTS = {
    "generation": GenerationSettings,
    "choice": ChoiceSettings,
    "bootstrap": BootstrapSettings,
    "bleu": BleuSettings,
    "degenerate": DegenerateSettings,
    "neural": NeuralSettings,
    "lm_eval": LmEvalSettings,
}


def parse(section: dict[str, Any]) -> EvaluateSettings:
    """Parse the section; raise UserError that names a missing, unknown or wrong key."""
    values = {
        key: build(PARTS[key], value, key) if key in PARTS and value is not None else value
        for key, value in section.items()
    }
    values["benchmarks"] = parse_benchmarks(section.get("benchmarks"))
    settings = build(EvaluateSettings, values, "evaluate")
    _check_choice("normalise", settings.choice.normalise, get_args(Normalise))
    _check_choice("backend", settings.backend, get_args(BackendName))
    if settings.lm_eval:
        _check_choice("model", settings.lm_eval.model, get_args(LmEvalModelName))
    elif settings.backend == "lm_eval":
        raise UserError("`backend: lm_eval` in the recipe needs `lm_eval: {model: …}` beside it.")
    return settings


def _check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"`{key}` in the recipe is one of {', '.join(allowed)}, not {value!r}.")
