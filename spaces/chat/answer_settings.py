"""How answers are generated: what a visitor chose in the settings of the page. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from adapters import MAX_SYSTEM_PROMPT_LENGTH

MAX_TEMPERATURE = 1.5
RETRY_TEMPERATURE = 0.7  # the likeliest answer would be the same again
MIN_TOKENS, MAX_TOKENS = 16, 512


@dataclass(frozen=True)
class AnswerSettings:
    """At temperature 0 the model always gives its likeliest answer.

    `max_tokens` limits the answer. An empty system prompt stands for that of the adapter's card.
    """

    temperature: float = 0.0
    max_tokens: int = MAX_TOKENS
    system_prompt: str = ""

    @classmethod
    def parse(
        cls, temperature: object, max_tokens: object, system_prompt: object
    ) -> AnswerSettings:
        """Read the inputs of the page; what is out of range becomes the nearest value."""
        prompt = system_prompt.strip() if isinstance(system_prompt, str) else ""
        return cls(
            _within(temperature, 0.0, MAX_TEMPERATURE, default=0.0),
            int(_within(max_tokens, MIN_TOKENS, MAX_TOKENS, default=MAX_TOKENS)),
            prompt[:MAX_SYSTEM_PROMPT_LENGTH],
        )

    def for_retry(self) -> AnswerSettings:
        """Return settings under which another answer to the same question is likely."""
        return replace(self, temperature=max(self.temperature, RETRY_TEMPERATURE))


def _within(value: object, low: float, high: float, default: float) -> float:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return min(max(float(value), low), high) if is_number else default  # type: ignore[arg-type]
