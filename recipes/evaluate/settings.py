"""Parse the `evaluate:` section of a recipe. The fields are its keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from recipes.core.benchmarks.settings import BenchmarkSettings, Normalise
from recipes.core.benchmarks.table import BENCHMARKS
from recipes.core.benchmarks.template_rules import question_rules, template
from recipes.core.model_loading import ModelMapping
from recipes.core.schema import build
from recipes.validation.models import given, rule, strict_with
from recipes.validation.ranges import Amount, Count, PositiveCount, Share, Text

BenchmarkKey = Annotated[str, Field(json_schema_extra={"enum": list(BENCHMARKS)})]
QUESTION_RULES = {key: question_rules(benchmark) for key, benchmark in BENCHMARKS.items()}
NEURAL_TEMPLATE = template(("source", "reference", "output"))

BleuTokenizer = Literal[
    "13a",
    "char",
    "intl",
    "none",
    "zh",
    "ja-mecab",
    "ko-mecab",
    "flores101",
    "flores200",
    "spBLEU-1K",
    "spm",
]


@dataclass(frozen=True)
class GenerationSettings:
    """Greedy translations."""

    batch: PositiveCount
    """The number of prompts in a batch."""
    max_new_tokens: PositiveCount
    """At most so many, or twice the longest reference in the model's own tokens if that is more."""


@dataclass(frozen=True)
class ChoiceSettings:
    """Log-likelihoods of options."""

    batch: PositiveCount
    """The number of prompts in a batch."""
    normalise: Normalise
    """What a sum is divided by."""


@dataclass(frozen=True)
class BootstrapSettings:
    """The number of resamples, and the seed of the draws."""

    samples: PositiveCount
    seed: Count


@dataclass(frozen=True)
class BleuSettings:
    """sacrebleu's tokenizer, and the one for texts in scripts without spaces."""

    tokenize: BleuTokenizer
    characters: BleuTokenizer


@dataclass(frozen=True)
class NeuralSettings:
    """A metric that is a model: an encoder whose head gives one number for two texts."""

    name: Text
    model: Text
    revision: Text
    batch: PositiveCount
    max_length: PositiveCount
    first: Annotated[Text, Field(json_schema_extra={"allOf": [NEURAL_TEMPLATE]})]
    """The template of the first text, with {source}, {reference} and {output}."""
    second: Annotated[Text, Field(json_schema_extra={"allOf": [NEURAL_TEMPLATE]})]
    languages: tuple[Text, ...] | None = None
    """Those that the metric supports; null means all."""


@dataclass(frozen=True)
class DegenerateSettings:
    """Which outputs count as degenerate."""

    identify_from: Count
    """The fewest letters for identifying a language."""
    loop: Share
    """The repeated share (0 to 1) that is a loop."""


@dataclass(frozen=True)
class LmEvalSettings:
    """For `backend: lm_eval`: a model of lm-evaluation-harness, and its `--model_args`.

    The models, their commits and the dtype are added to `args`; a server needs `base_url`.
    """

    __pydantic_config__ = strict_with(
        rule(
            given("model", {"const": "local-completions"}),
            given("args", given("base_url", {"type": "string"})),
            "`model: local-completions` needs it: the address of the server",
        )
    )

    model: Literal["hf", "vllm", "sglang", "local-completions"]
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChatSettings:
    """Questions that the adapter is asked in a chat, as visitors ask."""

    requests: PositiveCount
    """Chats with two questions each."""
    benchmarks: tuple[BenchmarkKey, ...]
    """The benchmarks whose items are the questions, in turn."""
    metric: Literal["accuracy", "chrF++"]
    """Whether an answer must equal the reference, or how close it comes."""


@dataclass(frozen=True)
class EvaluateSettings:
    """How models are compared."""

    __pydantic_config__ = strict_with(
        rule(
            given("backend", {"const": "lm_eval"}),
            given("lm_eval", {"type": "object"}),
            "`backend: lm_eval` needs it: write `lm_eval: {model: …}`",
        ),
        {"properties": {"benchmarks": {"properties": QUESTION_RULES}}},
    )

    model: ModelMapping
    """Arguments of `from_pretrained`."""
    merge: bool
    """Whether the adapter is merged into the weights before scoring; lm_eval keeps it apart."""
    generation: GenerationSettings
    choice: ChoiceSettings
    bootstrap: BootstrapSettings
    bleu: BleuSettings
    degenerate: DegenerateSettings
    copied: PositiveCount
    """A benchmark text of at least so many letters inside a training message is contaminated."""
    keep_after: Amount
    """Seconds after which finished outputs are pushed."""
    benchmarks: dict[BenchmarkKey, BenchmarkSettings]
    chat: ChatSettings | None = None
    peers: dict[Text, list[Text]] = field(default_factory=dict)
    """Other models to compare with, each with the codes of the languages that it is made for."""
    english_margin: Amount = 2.0
    """Points that may be lost in English, on average; more than that is a loss."""
    backend: Literal["transformers", "lm_eval"] = "transformers"
    lm_eval: LmEvalSettings | None = None
    neural: NeuralSettings | None = None
    system: str = ""
    """The system prompt."""
    threads: PositiveCount | None = None
    """CPU threads; null leaves it to torch."""

    def peers_for(self, language: str) -> list[str]:
        """Return the other models that are made for a language."""
        return [repo for repo, languages in self.peers.items() if language in languages]

    def choice_for(self, benchmark: BenchmarkSettings) -> ChoiceSettings:
        """Return how a benchmark's options are scored: its own `normalise` comes first."""
        return replace(self.choice, normalise=benchmark.normalise or self.choice.normalise)


def parse(section: object) -> EvaluateSettings:
    """Parse the section; raise UserError that starts with a path."""
    return build(EvaluateSettings, section, "evaluate")
