"""Parse the `evaluate:` section of a recipe. The fields are its keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from recipes.core.errors import UserError
from recipes.core.schema import build

Normalise = Literal["none", "tokens", "characters"]
BackendName = Literal["transformers", "lm_eval"]
LmEvalModelName = Literal["hf", "vllm", "sglang", "local-completions"]


@dataclass(frozen=True)
class ShotSettings:
    """How many rows of a split come before each question, as earlier turns of the chat."""

    count: int
    split: str


@dataclass(frozen=True)
class BenchmarkSettings:
    """How one benchmark is asked; benchmarks.py names the fields that a prompt may have.

    `revision` is a branch, a tag or a commit; its commit is recorded. `prompts` has the two
    directions of a translation, `options` the recipe's name for each category. `answer` is the
    template of an option as an answer. `configs` maps our language codes to the dataset's config
    names that differ. `english` overrides settings for the same test in English; None skips it.
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
    shots: ShotSettings = ShotSettings(0, "")
    english: dict[str, Any] | None = None

    def in_english(self) -> BenchmarkSettings | None:
        """Return the settings of the same test in English; None if there is none."""
        return None if self.english is None else replace(self, english=None, **self.english)


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
    values["benchmarks"] = {
        name: _benchmark(name, value) for name, value in (section.get("benchmarks") or {}).items()
    }
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


def _benchmark(name: str, value: object) -> BenchmarkSettings:
    if isinstance(value, dict) and "shots" in value:
        value = {**value, "shots": build(ShotSettings, value["shots"], "shots")}
    settings: BenchmarkSettings = build(BenchmarkSettings, value, name)
    if settings.english is not None:
        # Fail now, not after the tests in the language.
        build(BenchmarkSettings, {**vars(settings), **settings.english}, f"{name}.english")
    return settings
