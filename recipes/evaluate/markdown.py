"""Write the Markdown of an evaluation, for the card and the end of the log.

It has numbers, names from the recipe, repository ids, and a few answers without any markup.
Practice benchmarks are called so in every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from recipes.core.benchmarks.table import benchmark_of
from recipes.core.benchmarks.tasks import ENGLISH, Task
from recipes.core.language import direction_name
from recipes.core.number_format import signed
from recipes.evaluate import samples
from recipes.evaluate.chat import ChatScore
from recipes.evaluate.degenerate import FLAWS
from recipes.evaluate.intervals import BOOTSTRAP, SCORE_TEST, Interval
from recipes.evaluate.overall import Overall, gains
from recipes.evaluate.samples import Sample
from recipes.evaluate.significance import Score, TaskResult
from recipes.evaluate.suite import MissingBenchmark, lacking

FLAW_TITLES = {"leaked_think": "unclosed reasoning"}
METHOD = (
    "All models got the same prompts and shots. Translations are greedy; options are chosen by "
    "log-likelihood. Output and reference are compared in the same Unicode form (NFC). Intervals "
    f"have 95% confidence. The difference of two shares has the interval and p of the {SCORE_TEST} "
    f"of Tango (1998), any other difference those of a {BOOTSTRAP}; both are corrected for the "
    "number of tests (Bonferroni), for the main metrics of a table and for its other metrics "
    "separately. A difference whose interval includes zero is reported as not significant."
)
VERDICTS = {
    "kept": "English was kept",
    "some lost": "Some English was lost; cannot tell whether more than {margin}",
    "lost": "English was lost",
    "cannot tell": "Cannot tell whether English was kept",
}
PRACTICE = "Practice benchmarks have the format of the real ones, but none of their texts."
FLORES_NOTES = Path(__file__).with_name("flores_notes.tsv")


@dataclass(frozen=True)
class Contamination:
    """The number of benchmark texts, of those in the training data, and of items left out."""

    texts: int
    contaminated: int
    left_out: int


@dataclass(frozen=True)
class Report:
    """What the tables are made from.

    `adapter_label` is "adapter", or "tuned" for a whole model; `peers` are the ids of other models.
    Their table also shows `cost_usd`, which is what dataset and adapter cost, and
    `tokens_per_character`, each model's tokens on texts in the language.
    """

    language: str
    practice: bool
    adapter_label: str
    results: Sequence[TaskResult]
    missing: Sequence[MissingBenchmark]
    contamination: Contamination
    peers: Sequence[str]
    overall: Overall
    tokens_per_character: Sequence[float] = ()
    cost_usd: float = 0.0
    samples: Sequence[Sample] = ()


def title(benchmark: str, practice: bool) -> str:
    """Return a benchmark's name, which for practice is never the real one's alone."""
    name = benchmark_of(benchmark).title
    return f"practice {name}" if practice else name


def name_of_test(task: Task, practice: bool) -> str:
    """Return the name of a test with its direction, or "in English" for a test of English."""
    is_in_english = task.language == ENGLISH and not task.direction
    return _name(task, practice) + (" in English" if is_in_english else "")


def flores_notes(code: str) -> list[str]:
    """Return the known problems of FLORES in this language, with their sources."""
    rows = (line.split("\t") for line in FLORES_NOTES.read_text(encoding="utf-8").splitlines())
    return [f"{note} ([source]({url}))" for language, note, url in rows if language == code]


def render(report: Report) -> str:
    """Return all tables and notes."""
    parts = [
        *_gain(report.overall),
        *_chat(report.overall.chat),
        _score_table(report),
        *samples.render(report.samples, report.adapter_label),
        *_peer_table(report),
        *_english_table(report),
        *_flaw_table(report),
        METHOD,
        *_ties(report.results),
        _contamination(report.contamination),
        *_notes(report),
    ]
    return "\n\n".join(parts)


def _results(report: Report, in_english: bool) -> list[TaskResult]:
    return [
        result
        for result in report.results
        if (result.task.language != report.language) == in_english
    ]


def _rows(report: Report, results: Sequence[TaskResult], main: bool) -> list[str]:
    return [
        _row(result.task, score, report.practice)
        for result in results
        for score in result.scores
        if score.is_main == main
    ]


def _score_table(report: Report) -> str:
    results = _results(report, in_english=False)
    missing = [
        f"| {title(benchmark, report.practice)} | | not covered | not covered | | | |"
        for benchmark in lacking(report.missing, report.language)
    ]
    rows = [*_rows(report, results, main=True), *missing, *_rows(report, results, main=False)]
    header = (
        f"benchmark | metric | base | {report.adapter_label} | difference (95% interval) | p | n"
    )
    return _table(header, rows)


def _english_table(report: Report) -> list[str]:
    results = _results(report, in_english=True)
    if not results:
        return []
    header = (
        f"in English | metric | base | {report.adapter_label} | difference (95% interval) | p | n"
    )
    table = _table(header, _rows(report, results, main=True))
    return [f"{_english_verdict(report.overall)}\n\n{table}"]


def _gain(overall: Overall) -> list[str]:
    if overall.gain is None:
        return []
    return [
        f"Mean difference from the base: **{_points(overall.gain)}**. Tests that share their "
        "texts count once."
    ]


def _chat(chat: ChatScore | None) -> list[str]:
    if chat is None:
        return []
    if chat.metric == "accuracy":
        name, scale, unit = "Right answers when asked in a chat", 100, "%"
    else:
        name, scale, unit = "Translations when asked in a chat (chrF++)", 1, ""
    first, second = (
        f"**{each.value:.1f}{unit}** ({each.low:.1f} to {each.high:.1f})"
        for each in (chat.first.scaled(scale), chat.second.scaled(scale))
    )
    return [f"{name}: {first} in {chat.n} new chats, {second} as the second question."]


def _english_verdict(overall: Overall) -> str:
    change, verdict = overall.english, overall.english_verdict
    if change is None or verdict is None:
        return ""
    words, margin = VERDICTS[verdict], f"{overall.margin:g} points"
    return (
        f"**{words.format(margin=margin)}**: {_points(change)}, and the recipe accepts a loss of "
        f"{margin}."
    )


def _points(difference: Interval) -> str:
    value, low, high = map(signed, astuple(difference))
    return f"{value} points ({low} to {high})"


def _peer_table(report: Report) -> list[str]:
    if not report.peers:
        return []
    rows = [
        f"| {_name(result.task, report.practice)} | {_metric(score)} | "
        + " | ".join(_number(score, interval.value) for interval in score.intervals)
        + " |"
        for result in _results(report, in_english=False)
        for score in result.scores
        if score.is_main
    ]
    rows += _comparison(report)
    models = ["base", report.adapter_label, *(f"`{peer}`" for peer in report.peers)]
    header = " | ".join(["benchmark", "metric", *models])
    return [f"Other models with the same prompts:\n\n{_table(header, rows)}"]


def _comparison(report: Report) -> list[str]:
    """Return rows with what each model gains over the base, its tokens, and what ours cost."""
    rows = []
    if differences := gains(report.results, report.language):
        rows.append(["gain over the base", "points", *map(signed, differences)])
    if report.tokens_per_character:
        tokens = (f"{each:.2f}" for each in report.tokens_per_character)
        rows.append(["tokens per character", "", *tokens])
    others = ["" for _ in report.peers]
    cost = f"{report.cost_usd:.2f}" if not 0 < report.cost_usd < 0.01 else "less than 0.01"
    rows.append(["cost of data and training", "US$", "", cost, *others])
    return [f"| {' | '.join(row)} |" for row in rows]


def _flaw_table(report: Report) -> list[str]:
    models = ("base", report.adapter_label, *(f"`{peer}`" for peer in report.peers))
    rows = [
        f"| {direction_name(result.task.direction or ENGLISH)} | {model} | "
        + " | ".join(str(flaws[flaw]) for flaw in (*FLAWS, "any"))
        + f" | {len(result.task.items)} |"
        for result in report.results
        for model, flaws in zip(models, result.flaws, strict=False)
    ]
    if not rows:
        return []
    flaws = " | ".join(FLAW_TITLES.get(flaw, flaw.replace("_", " ")) for flaw in FLAWS)
    table = _table(f"direction | model | {flaws} | any of these | n", rows)
    return [f"Degenerate translations by flaw:\n\n{table}"]


def _ties(results: Sequence[TaskResult]) -> list[str]:
    ties = sum(sum(result.ties) for result in results)
    if not ties:
        return []
    return [
        f"{_count(ties, 'answer')} of all models came from options that were equally likely, of "
        "which the first was taken."
    ]


def _contamination(contamination: Contamination) -> str:
    verb = "is" if contamination.contaminated == 1 else "are"
    left_out = _count(contamination.left_out, "item")
    return (
        f"{contamination.contaminated:,} of {_count(contamination.texts, 'benchmark text')} {verb} "
        f"in the training data, so {left_out} {'was' if contamination.left_out == 1 else 'were'} "
        "dropped."
    )


def _notes(report: Report) -> list[str]:
    if report.practice:
        return [PRACTICE]
    families: dict[str, list[str]] = {}
    for key in dict.fromkeys(result.task.benchmark for result in report.results):
        benchmark = benchmark_of(key)
        families.setdefault(benchmark.family, []).append(benchmark.title)
    related = [_relation(titles) for titles in families.values() if len(titles) > 1]
    return related + (flores_notes(report.language) if "FLORES" in families else [])


def _relation(titles: Sequence[str]) -> str:
    """Say that benchmarks of one family are not independent."""
    return (
        f"{', '.join(titles[:-1])} and {titles[-1]} are built from the same texts. They are one "
        f"piece of evidence, not {len(titles)}, so a mean counts them once."
    )


def _name(task: Task, practice: bool) -> str:
    name = title(task.benchmark, practice)
    return f"{name}, {direction_name(task.direction)}" if task.direction else name


def _metric(score: Score) -> str:
    return "accuracy (%)" if score.metric == "accuracy" else score.metric


def _number(score: Score, value: float) -> str:
    scaled, digits = _scaled(score, value)
    return f"{scaled:.{digits}f}"


def _difference(score: Score, value: float) -> str:
    return signed(*_scaled(score, value))


def _scaled(score: Score, value: float) -> tuple[float, int]:
    """Return what is shown of a value, and with how many digits after the point."""
    if score.metric == "accuracy":
        return 100 * value, 1
    return value, 1 if score.metric in ("chrF++", "BLEU") else 3


def _row(task: Task, score: Score, practice: bool) -> str:
    comparison, difference = score.comparison, score.comparison.difference
    value, low, high = (_difference(score, each) for each in astuple(difference))
    mark = "" if comparison.is_significant else ", not significant"
    p = "<\u00a00.001" if comparison.p < 0.001 else f"{comparison.p:.3f}"
    return (
        f"| {_name(task, practice)} | {_metric(score)} | {_number(score, comparison.base.value)} "
        f"| {_number(score, comparison.adapter.value)} "
        f"| {value} ({low} to {high}{mark}) | {p} | {len(task.items)} |"
    )


def _table(header: str, rows: Sequence[str]) -> str:
    columns = header.count("|") + 1
    return "\n".join([f"| {header} |", "|" + "---|" * columns, *rows])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"
