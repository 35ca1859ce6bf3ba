"""The rows of `results.jsonl` and `outputs.jsonl`, and the summary in the manifest. Pure.

`results.jsonl` in ORG/kakugo-results has one row for each model, test and metric. Schema 3:

| key | meaning |
|---|---|
| `schema` | 3 |
| `language` | the adapter's language, like `epo_Latn` |
| `test_language` | the language of the test: the same, or `eng_Latn` to see if English was kept |
| `role`, `model`, `revision` | `base`, `adapter` or `peer`; the repository; its commit |
| `base`, `base_revision` | the model under the adapter; for a base or a whole peer, itself |
| `benchmark`, `dataset`, `dataset_revision`, `config`, `split` | the test, at a commit |
| `direction` | `eng_Latn-epo_Latn` for a translation, else null |
| `covered` | false if the benchmark lacks the language; `value` is then null, never 0 |
| `metric`, `main`, `value`, `ci` | chrF++, BLEU: 0 to 100, accuracy: 0 to 1; 95 % interval |
| `n`, `chance`, `signature` | items scored; score of guessing; how the metric was computed |
| `shots`, `system`, `prompt`, `decoding` | how the models were asked, the same for all of them |
| `degenerate` | for a translation: outputs with each flaw (degenerate.py), else null |
| `practice` | true if this is not a real result |
| `request`, `evaluated_at` | who asked for it; ISO 8601, UTC |
| `cost_usd`, `energy_kwh` | of dataset and adapter, from their manifests; null if unknown |

Rows of the adapter also have `difference`, `difference_ci`, `p`, `test`, `p_holm`, `family` and
`significant`: compared with the base, with `p` corrected by Holm for a `family` of so many tests.

`outputs.jsonl` has one row for each model and item: `model`, `revision`, `benchmark`,
`test_language`, `direction`, `id`, `prompt`, the output (`raw`, `output`, `finished`, or `options`,
`log_likelihoods`, `output`), `reference`, `scores` by metric, and `cache_key`, by which a later run
knows that it need not ask the model again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.benchmarks import Item, Missing, Task
from recipes.evaluate.models import Contestant
from recipes.evaluate.significance import Outcome, Output, Score, said

SCHEMA = 3
# Keys of outputs.jsonl before schema 3 → their names since.
RENAMED_OUTPUT_KEYS = {
    "key": "cache_key",
    "score": "scores",
    "test_language": "test_language",
    "whole": "finished",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What every row of one evaluation shares; the first contestants are base and adapter."""

    language: str
    contestants: tuple[Contestant, ...]
    practice: bool
    request: str
    date: str
    cost_usd: float
    energy_kwh: float | None
    decoding: dict[str, str]  # by main metric

    @property
    def adapter(self) -> Contestant:
        """The one that it is all about."""
        return self.contestants[1]


def rows(run: Run, outcomes: Sequence[Outcome], missing: Sequence[Missing]) -> list[Row]:
    """The lines of results.jsonl: for each metric of each task one of each contestant."""
    scored = [
        _row(run, outcome, score, place)
        for outcome in outcomes
        for score in outcome.scores
        for place in range(len(run.contestants))
    ]
    return scored + [_not_covered(run, lacking) for lacking in missing]


def _row(run: Run, outcome: Outcome, score: Score, place: int) -> Row:
    task, interval = outcome.task, score.intervals[place]
    row = {
        **_who(run, run.contestants[place]),
        "test_language": task.language,
        "benchmark": task.benchmark,
        "dataset": task.dataset,
        "dataset_revision": task.revision,
        "config": task.config,
        "split": task.asked.split,
        "direction": task.direction,
        "covered": True,
        "metric": score.metric,
        "main": score.main,
        "value": interval.value,
        "ci": [interval.low, interval.high],
        "n": len(task.items),
        "chance": task.chance,
        "signature": score.signature,
        "shots": len(task.items[0].shots),
        "system": task.items[0].system,
        "prompt": task.template,
        "decoding": run.decoding[task.metric],
        "degenerate": outcome.flaws[place] if outcome.flaws else None,
    }
    return row | _compared(score) if run.contestants[place] == run.adapter else row


def _who(run: Run, contestant: Contestant) -> Row:
    return {
        "schema": SCHEMA,
        "language": run.language,
        "role": contestant.role,
        "model": contestant.model,
        "revision": contestant.revision,
        "base": contestant.base,
        "base_revision": contestant.base_revision,
        "practice": run.practice,
        "request": run.request,
        "evaluated_at": run.date,
        "cost_usd": run.cost_usd,
        "energy_kwh": run.energy_kwh,
    }


def _compared(score: Score) -> Row:
    difference = score.comparison.difference
    return {
        "difference": difference.value,
        "difference_ci": [difference.low, difference.high],
        "p": score.comparison.p,
        "test": score.comparison.test,
        "p_holm": score.p_holm,
        "family": score.family,
        "significant": score.significant,
    }


def _not_covered(run: Run, lacking: Missing) -> Row:
    return {
        **_who(run, run.adapter),
        "test_language": run.language,
        "benchmark": lacking.benchmark,
        "dataset": lacking.dataset,
        "dataset_revision": lacking.revision,
        "covered": False,
        "value": None,
    }


def outputs(
    contestant: Contestant,
    task: Task,
    key: str,
    answers: Sequence[Output],
    scores: dict[str, Sequence[float]],
) -> list[Row]:
    """The lines of outputs.jsonl of one model on one task; `scores` by metric, item by item."""
    return [
        {
            "cache_key": key,
            "model": contestant.model,
            "revision": contestant.revision,
            "benchmark": task.benchmark,
            "test_language": task.language,
            "direction": task.direction,
            "id": item.id,
            "prompt": item.prompt,
            **_answered(item, output),
            "reference": item.answer,
            "scores": {metric: each[place] for metric, each in scores.items()},
        }
        for place, (item, output) in enumerate(zip(task.items, answers, strict=True))
    ]


def upgraded_output(row: Row) -> Row:
    """Return a row of outputs.jsonl with the keys of today, whichever it was written with."""
    return {RENAMED_OUTPUT_KEYS.get(key, key): value for key, value in row.items()}


def _answered(item: Item, output: Output) -> Row:
    if isinstance(output, Said):
        return {"raw": output.raw, "finished": output.whole, "output": output.text}
    return {
        "options": list(item.answers),
        "log_likelihoods": output,
        "output": said(item, output),
    }


def summary(outcomes: Sequence[Outcome], main: bool = True) -> list[Row]:
    """The compact table of the manifest, one entry a score, base → adapter."""
    return [
        _line(outcome, score)
        for outcome in outcomes
        for score in outcome.scores
        if score.main == main
    ]


def _line(outcome: Outcome, score: Score) -> Row:
    compared, chance = score.comparison, outcome.task.chance
    return {
        "benchmark": outcome.task.benchmark,
        "direction": outcome.task.direction,
        "metric": score.metric,
        "base": round(compared.base.value, 4),
        "adapter": round(compared.adapter.value, 4),
        "difference": round(compared.difference.value, 4),
        "difference_ci": [round(compared.difference.low, 4), round(compared.difference.high, 4)],
        "p": round(compared.p, 5),
        "p_holm": round(score.p_holm, 5),
        "test": compared.test,
        "significant": score.significant,
        "n": len(outcome.task.items),
        "chance": chance and round(chance, 4),
    }


def flaws(outcomes: Sequence[Outcome]) -> list[Row]:
    """How often base and adapter said something degenerate, by direction."""
    return [
        {"direction": outcome.task.direction, "base": base, "adapter": adapter}
        for outcome in outcomes
        if outcome.flaws
        for base, adapter in [outcome.flaws[:2]]
    ]
