"""Write what a person at the terminal reads about a check."""

from __future__ import annotations

from collections.abc import Mapping

from recipes.check.advice import HIGHER_IS_BETTER, Advice, Shortfall
from recipes.check.fertility import TokenizerFit
from recipes.check.probe import ProbeMetrics
from recipes.generate.gates.reasons import meaning

LEVELS = {
    "good": "good, the teacher writes the language well enough to teach it",
    "doubtful": "uncertain, ask speakers to read what it writes before you spend much",
    "hopeless": "not good enough, the data would not be worth the money",
    "unknown": "cannot tell, because too little was answered or could be compared",
}
REPEATS = (
    "it gives the same answer to another seed: unusable answers cannot be tried again, and prompts "
    "will repeat themselves"
)
METRICS = {
    "answered": "share of questions answered",
    "script": "share in the right script",
    "language": "share in the right language",
    "structured": "share of lists in the requested format",
    "chrf": "chrF++ against the references",
    "round_trip": "chrF++ of the round trip",
    "fertility": "the base's tokens relative to English",
    "bytes": "share of tokens that are part of a character",
}
SHARES = ("answered", "script", "language", "structured", "bytes")  # shown in percent


def lines(
    name: str, metrics: ProbeMetrics, bases: Mapping[str, TokenizerFit], advice: Advice
) -> list[str]:
    """Return the lines about the language called `name`; `bases` is keyed by repository."""
    failure = metrics.most_common_failure
    reason = f" ({meaning(failure)}: {failure})" if failure else ""
    cut = metrics.truncated
    truncated = f", cut off at the token limit {_percent(cut)}" if cut else ""
    return [
        f"the teacher answered {metrics.answered:.0%} of the questions{reason}: "
        f"{metrics.tokens_per_second:.0f} tokens/s, median {metrics.median_seconds:.1f} s",
        f"requested format {_percent(metrics.structured)}, with reasoning "
        f"{_percent(metrics.reasoning)}{truncated}",
        *([REPEATS] if metrics.repeats else []),
        f"texts in {name}: right script {_percent(metrics.script)}, right language "
        f"{_percent(metrics.language)}, chrF++ {_score(metrics.chrf)} against the references, "
        f"{_score(metrics.round_trip)} after a round trip",
        *([metrics.seems] if metrics.seems else []),
        *(
            f"{repo}: tokens relative to English {_score(fit.fertility)}, part of a character "
            f"{_percent(fit.bytes)}"
            for repo, fit in bases.items()
        ),
        f"result: {LEVELS[advice.level]}",
        *(f"  {shortfall_text(shortfall)}" for shortfall in advice.shortfalls),
    ]


def shortfall_text(shortfall: Shortfall) -> str:
    """Return a metric with its value and its threshold, shares in percent."""
    bound = "at least" if shortfall.metric in HIGHER_IS_BETTER else "at most"
    factor, unit = (100, "%") if shortfall.metric in SHARES else (1, "")
    numbers = shortfall.value, shortfall.threshold
    value, threshold = (f"{factor * number:.3g}{unit}" for number in numbers)
    return f"{METRICS[shortfall.metric]}: {value}, needs {bound} {threshold}"


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.0%}"


def _score(score: float | None) -> str:
    return "not measured" if score is None else f"{score:.1f}"
