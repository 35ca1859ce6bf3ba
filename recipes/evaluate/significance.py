"""From answers to scores: which metrics a task has, what each contestant got, what differs.

The base and the adapter are compared by a test, peers only get their scores. Tests of one claim
("it is better in the language", "it lost English", the further metrics of the same translations)
are corrected together by Holm. Nothing here loads a model or knows the Hub.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recipes.evaluate import degenerate, metrics
from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.benchmarks import Item, Task
from recipes.evaluate.metrics import Array, Comparison, Interval, Value
from recipes.evaluate.settings import Bleu, Bootstrap, EvaluateSettings

if TYPE_CHECKING:
    from recipes.evaluate.neural import Judge

Output = Said | list[float]  # a translation, or the log-likelihood of each option
Outputs = Sequence[Output]


@dataclass(frozen=True)
class Measure:
    """A metric of one task: answers → statistics (items, k) → score."""

    metric: str
    signature: str
    value: Value
    statistics: Callable[[Sequence[str]], Array]
    main: bool = False
    by_item: bool = True


@dataclass(frozen=True)
class Score:
    """What all contestants got by one metric; `p_holm` is corrected for its `family` of tests."""

    metric: str
    signature: str
    main: bool
    comparison: Comparison
    peers: tuple[Interval, ...]
    by_item: tuple[tuple[float, ...], ...]
    family: int = 1
    p_holm: float = 1.0

    @property
    def significant(self) -> bool:
        """Whether base and adapter differ, after the correction."""
        return metrics.significant(self.p_holm)

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Those of base, adapter and peers."""
        return (self.comparison.base, self.comparison.adapter, *self.peers)


@dataclass(frozen=True)
class Outcome:
    """One task: what base, adapter and peers answered, their scores, how often which flaw."""

    task: Task
    answers: tuple[Outputs, ...]
    scores: tuple[Score, ...]
    flaws: tuple[dict[str, int], ...]

    @property
    def main(self) -> Score:
        """The score that the task is known by."""
        return next(score for score in self.scores if score.main)


def judge(
    tasks: Sequence[Task],
    answers: Sequence[Sequence[Outputs]],
    settings: EvaluateSettings,
    neural: Judge | None = None,
) -> list[Outcome]:
    """Score `answers` (task by task those of base, adapter, peers) and correct the tests."""
    return _corrected(
        [
            _outcome(task, tuple(outputs), settings, neural)
            for task, outputs in zip(tasks, answers, strict=True)
        ]
    )


def said(item: Item, output: Output) -> str:
    """The translation, or the option that the model finds likeliest."""
    if isinstance(output, Said):
        return output.text
    return item.answers[output.index(max(output))]


def _outcome(
    task: Task, answers: tuple[Outputs, ...], settings: EvaluateSettings, neural: Judge | None
) -> Outcome:
    scores = tuple(
        _score(measure, task, answers, settings.bootstrap)
        for measure in measures(task, settings, neural)
    )
    flaws = tuple(
        degenerate.count(task.items, spoken, task.answers_in, settings.degenerate)
        for outputs in answers
        if (spoken := [output for output in outputs if isinstance(output, Said)])
    )
    return Outcome(task, answers, scores, flaws)


def measures(task: Task, settings: EvaluateSettings, neural: Judge | None) -> list[Measure]:
    """The metrics of a task, its main one first."""
    references = [item.answer for item in task.items]
    if task.metric == "accuracy":
        how = f"loglikelihood|norm:{settings.choice.normalise}"
        return [Measure("accuracy", how, metrics.mean, _right(references), main=True)]
    cut = tokenizer_of(task.answers_in, settings.bleu)
    found = [
        Measure(
            "chrF++",
            metrics.chrf_signature(),
            metrics.chrf,
            lambda texts: metrics.chrf_statistics(texts, references),
            main=True,
        ),
        Measure(
            "BLEU",
            metrics.bleu_signature(cut),
            metrics.bleu,
            lambda texts: metrics.bleu_statistics(texts, references, cut),
            by_item=False,  # of a corpus only
        ),
    ]
    if neural and neural.knows(task.answers_in):
        found.append(
            Measure(
                neural.settings.name,
                neural.signature,
                metrics.mean,
                lambda texts: metrics.mean_statistics(neural.scores(task.items, texts)),
            )
        )
    return found


def tokenizer_of(code: str, bleu: Bleu) -> str:
    """Which of sacrebleu's tokenizers cuts texts in this language."""
    return bleu.characters if code.split("_")[1] in bleu.unspaced else bleu.tokenize


def _right(references: Sequence[str]) -> Callable[[Sequence[str]], Array]:
    def statistics(chosen: Sequence[str]) -> Array:
        pairs = zip(chosen, references, strict=True)
        return metrics.mean_statistics([float(answer == right) for answer, right in pairs])

    return statistics


def _score(
    measure: Measure, task: Task, answers: tuple[Outputs, ...], bootstrap: Bootstrap
) -> Score:
    statistics = [
        measure.statistics(
            [said(item, output) for item, output in zip(task.items, outputs, strict=True)]
        )
        for outputs in answers
    ]
    base, adapter, *peers = statistics
    drawn = bootstrap.samples, bootstrap.seed
    comparison = metrics.compare(measure.value, base, adapter, *drawn)
    if measure.metric == "accuracy":
        p = metrics.mcnemar(base[:, 0], adapter[:, 0])
        comparison = replace(comparison, p=p, test=metrics.EXACT)
    return Score(
        metric=measure.metric,
        signature=f"{measure.signature}|shots:{len(task.items[0].shots)}",
        main=measure.main,
        comparison=comparison,
        peers=tuple(metrics.alone(measure.value, peer, *drawn) for peer in peers),
        by_item=tuple(tuple(measure.value(each).tolist()) for each in statistics)
        if measure.by_item
        else (),
    )


def _corrected(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Holm within each family: the language's tests, English's, and those of further metrics."""
    families: dict[tuple[str, bool], list[Score]] = {}
    for outcome in outcomes:
        for score in outcome.scores:
            families.setdefault((outcome.task.language, score.main), []).append(score)
    adjusted = {
        key: iter(metrics.holm([score.comparison.p for score in family]))
        for key, family in families.items()
    }

    def corrected(outcome: Outcome, score: Score) -> Score:
        key = outcome.task.language, score.main
        return replace(score, family=len(families[key]), p_holm=next(adjusted[key]))

    return [
        replace(outcome, scores=tuple(corrected(outcome, score) for score in outcome.scores))
        for outcome in outcomes
    ]
