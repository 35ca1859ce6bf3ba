"""How many calls a run makes, and how long they are: the arithmetic behind the estimate. Pure.

All lengths are assumptions of the recipe, until a run has measured them. What is written in the
language takes `fertility` times as many tokens as in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from recipes.generate.teacher.openai import Effort
from recipes.validation.ranges import Amount, PositiveAmount

Kind = Literal[
    "topics",
    "scenarios",
    "prompts",
    "text_prompts",
    "instructions",
    "revisions",
    "answers",
    "text_answers",
    "translations",
    "back_translations",
    "judgements",
]
ANSWERS = ("answers", "text_answers")
DEFAULT_EFFORT: Effort = "medium"  # of models that can be told


@dataclass(frozen=True)
class CallLengths:
    """Tokens of one call, as if all of it were English, without the teacher's reasoning."""

    english_in: Amount = 0.0
    """Read, in English."""
    language_in: Amount = 0.0
    """Read, in the language."""
    english_out: Amount = 0.0
    """Written, in English."""
    language_out: Amount = 0.0
    """Written, in the language."""


def _each_of(keys: object) -> Any:
    """Annotate a mapping that must have all the keys of a Literal."""
    return Field(json_schema_extra={"required": list(get_args(keys))})


@dataclass(frozen=True)
class LengthSettings:
    """Assumed lengths of calls, for the estimate."""

    fertility: PositiveAmount
    """The teacher's tokens in a language relative to English, where `check` has no figure."""
    reasoning: Annotated[dict[Effort, Amount], _each_of(Effort)]
    """Tokens of reasoning in a call, by effort."""
    calls: Annotated[dict[Kind, CallLengths], _each_of(Kind)]
    """Tokens of a call of each kind."""


@dataclass(frozen=True)
class Efforts:
    """The effort of answers with reasoning and their share of all answers, and that of the rest."""

    answers: Effort | None
    answers_share: float
    others: Effort | None

    def reasoning(self, lengths: LengthSettings, kind: Kind) -> float:
        """Return the tokens of reasoning in a call of this kind."""
        others = lengths.reasoning[self.others or DEFAULT_EFFORT]
        if kind not in ANSWERS:
            return others
        answers = lengths.reasoning[self.answers or self.others or DEFAULT_EFFORT]
        return self.answers_share * answers + (1 - self.answers_share) * others


def tokens(
    calls: Mapping[Kind, float], lengths: LengthSettings, efforts: Efforts, fertility: float
) -> tuple[float, float]:
    """Return the tokens that all calls read and write."""
    tokens_in = tokens_out = 0.0
    for kind, count in calls.items():
        call = lengths.calls[kind]
        tokens_in += count * (call.english_in + fertility * call.language_in)
        written = call.english_out + fertility * call.language_out
        tokens_out += count * (written + efforts.reasoning(lengths, kind))
    return tokens_in, tokens_out
