"""Score the outputs of all models, and test whether base and adapter differ.

Base and adapter are compared by a test; peers only get scores. The tests of one claim are corrected
together: those of the main metrics in the language, those in English, and those of the other
metrics. Pure, except for a neural metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recipes.core.benchmarks.tasks import Item, Task
from recipes.core.text_fold import UNSPACED
from recipes.evaluate import degenerate, intervals, metrics
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.intervals import Array, Comparison, Interval, ScoreFunction
from recipes.evaluate.settings import BleuSettings, EvaluateSettings

if TYPE_CHECKING:
    from recipes.evaluate.neural import NeuralMetric

Output = Generation | list[float]  # a translation, or the log-likelihood of each option
Outputs = Sequence[Output]  # of one model for one task, in the order of its items


@dataclass(frozen=True)
class Metric:
    """A metric of one task: texts → statistics (items, k) → score.

    A share counts right answers (1) and wrong ones (0).
    """

    name: str
    signature: str
    score: ScoreFunction
    statistics: Callable[[Sequence[str]], Array]
    is_main: bool = False
    is_share: bool = False
    has_item_scores: bool = True


@dataclass(frozen=True)
class Score:
    """The scores of all models by one metric.

    `by_item` has each model's scores of single items; empty if the metric has none.
    """

    metric: str
    signature: str
    is_main: bool
    comparison: Comparison
    peers: tuple[Interval, ...]
    by_item: tuple[tuple[float, ...], ...]

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """The scores of base, adapter and peers."""
        return (self.comparison.base, self.comparison.adapter, *self.peers)


@dataclass(frozen=True)
class TaskResult:
    """One task: its scores and, for a translation, the counts of flaws of each model.

    `ties` counts for each model the items of which two options were equally likely: the first won.
    """

    task: Task
    scores: tuple[Score, ...]
    flaws: tuple[dict[str, int], ...]
    ties: tuple[int, ...]

    @property
    def main_score(self) -> Score:
        """The score by the task's main metric."""
        return next(score for score in self.scores if score.is_main)


def score_tasks(
    tasks: Sequence[Task],
    outputs: Sequence[Sequence[Outputs]],
    settings: EvaluateSettings,
    neural: NeuralMetric | None = None,
) -> list[TaskResult]:
    """Score `outputs`: by task, those of base, adapter and peers."""
    by_task = [metrics_of(task, settings, neural) for task in tasks]
    tests = Counter(
        (task.language, metric.is_main)
        for task, task_metrics in zip(tasks, by_task, strict=True)
        for metric in task_metrics
    )
    return [
        TaskResult(
            task,
            tuple(
                _score(metric, task, models, settings, tests[task.language, metric.is_main])
                for metric in task_metrics
            ),
            _flaws(task, models, settings),
            tuple(map(_count_ties, models)),
        )
        for task, task_metrics, models in zip(tasks, by_task, outputs, strict=True)
    ]


def output_text(item: Item, output: Output) -> str:
    """Return the translation, or the most likely option."""
    if isinstance(output, Generation):
        return output.text
    return item.answers[output.index(max(output))]


def _count_ties(outputs: Outputs) -> int:
    options = [output for output in outputs if not isinstance(output, Generation)]
    return sum(likelihoods.count(max(likelihoods)) > 1 for likelihoods in options)


def _flaws(
    task: Task, outputs: Sequence[Outputs], settings: EvaluateSettings
) -> tuple[dict[str, int], ...]:
    return tuple(
        degenerate.count_flaws(task.items, generations, task.output_language, settings.degenerate)
        for model_outputs in outputs
        if (generations := [each for each in model_outputs if isinstance(each, Generation)])
    )


def metrics_of(task: Task, settings: EvaluateSettings, neural: NeuralMetric | None) -> list[Metric]:
    """Return the metrics of a task, the main one first."""
    references = [item.reference for item in task.items]
    if task.metric == "accuracy":
        signature = f"loglikelihood|norm:{settings.choice_for(task.settings).normalise}"
        right = _is_correct(references)
        return [Metric("accuracy", signature, metrics.mean, right, is_main=True, is_share=True)]
    unicode = f"|unicode:{metrics.NORMAL_FORM}"
    tokenizer = bleu_tokenizer(task.output_language, settings.bleu)
    translation_metrics = [
        Metric(
            "chrF++",
            metrics.chrf_signature() + unicode,
            metrics.chrf,
            lambda texts: metrics.chrf_statistics(texts, references),
            is_main=True,
        ),
        Metric(
            "BLEU",
            metrics.bleu_signature(tokenizer) + unicode,
            metrics.bleu,
            lambda texts: metrics.bleu_statistics(texts, references, tokenizer),
            has_item_scores=False,  # BLEU is defined for a corpus
        ),
    ]
    if neural and neural.supports(task.output_language):
        translation_metrics.append(
            Metric(
                neural.settings.name,
                neural.signature,
                metrics.mean,
                lambda texts: metrics.mean_statistics(neural.scores(task.items, texts)),
            )
        )
    return translation_metrics


def bleu_tokenizer(code: str, bleu: BleuSettings) -> str:
    """Return the name of sacrebleu's tokenizer for texts in this language."""
    return bleu.characters if code.split("_")[1] in UNSPACED else bleu.tokenize


def _is_correct(references: Sequence[str]) -> Callable[[Sequence[str]], Array]:
    def statistics(texts: Sequence[str]) -> Array:
        pairs = zip(texts, references, strict=True)
        return metrics.mean_statistics([float(text == reference) for text, reference in pairs])

    return statistics


def _score(
    metric: Metric,
    task: Task,
    outputs: Sequence[Outputs],
    settings: EvaluateSettings,
    tests: int,
) -> Score:
    """Score all models by one metric; `tests` tests are of the same claim."""
    statistics = [
        metric.statistics(
            [output_text(item, output) for item, output in zip(task.items, each, strict=True)]
        )
        for each in outputs
    ]
    base, adapter, *others = statistics
    if metric.is_share:
        comparison = intervals.compare_shares(base[:, 0], adapter[:, 0], tests)
        peers = [intervals.wilson(peer[:, 0]) for peer in others]
    else:
        draws = settings.bootstrap.samples, settings.bootstrap.seed
        comparison = intervals.compare_scores(metric.score, base, adapter, *draws, tests)
        peers = [intervals.score_interval(metric.score, peer, *draws) for peer in others]
    return Score(
        metric=metric.name,
        signature=f"{metric.signature}|shots:{len(task.items[0].shots)}",
        is_main=metric.is_main,
        comparison=comparison,
        peers=tuple(peers),
        by_item=tuple(tuple(metric.score(each).tolist()) for each in statistics)
        if metric.has_item_scores
        else (),
    )
