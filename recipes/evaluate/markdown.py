"""The Markdown of an evaluation: what the card shows between its marks, and what the log ends with.

Only numbers, names of the recipe and repository ids get into it: no text of a benchmark, a model
or a person. What is practice is called so in every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.evaluate.benchmarks import ENGLISH, Missing
from recipes.evaluate.degenerate import FLAWS
from recipes.evaluate.metrics import BOOTSTRAP, EXACT
from recipes.evaluate.significance import Outcome, Score

TITLES = {
    "flores": "FLORES+",
    "sib200": "SIB-200",
    "belebele": "Belebele",
    "global_mmlu": "Global-MMLU",
}
METHOD = (
    "All models got the same prompts and shots; translations are greedy, options are chosen by "
    f"log-likelihood. Intervals are from a {BOOTSTRAP}, which also gives p for translations; for "
    f"accuracy it is from an exact test ({EXACT.split()[0]}). p is corrected for the tests of its "
    "table (Holm); from 0.05 on a difference is called not significant."
)
RELATED = (
    "SIB-200 and Belebele are built on FLORES texts: together with FLORES+ they are one proof, not "
    "three, and are never added up."
)
PRACTICE = "Practice benchmarks have the form of the real ones, and none of their texts."
NOTES = Path(__file__).with_name("flores_notes.tsv")
BUILT_ON_FLORES = {"flores", "sib200", "belebele"}


@dataclass(frozen=True)
class Checked:
    """Texts of the benchmarks, how many were in the training data, and the items left out."""

    texts: int
    found: int
    left_out: int


@dataclass(frozen=True)
class Report:
    """Everything that the tables are made from; `ours` is "adapter", or "tuned" for a whole model,
    `peers` are the ids of the models beside it."""

    language: str
    practice: bool
    ours: str
    outcomes: Sequence[Outcome]
    missing: Sequence[Missing]
    checked: Checked
    peers: Sequence[str]


def title(benchmark: str, practice: bool) -> str:
    """A benchmark's name; a practice one is never called by the real one's."""
    return f"practice {TITLES[benchmark]}" if practice else TITLES[benchmark]


def markdown(report: Report) -> str:
    """All tables and remarks, one after the other."""
    parts = [
        _scores(report),
        *_peers(report),
        *_english(report),
        *_degenerate(report),
        METHOD,
        _contamination(report.checked),
        *_remarks(report),
    ]
    return "\n\n".join(parts)


def flores_notes(code: str) -> list[str]:
    """What is known to be wrong with FLORES in this language, with the source."""
    rows = (line.split("\t") for line in NOTES.read_text(encoding="utf-8").splitlines())
    return [f"{text} ([source]({url}))" for known, text, url in rows if known == code]


def _of(report: Report, english: bool) -> list[Outcome]:
    return [o for o in report.outcomes if (o.task.language != report.language) == english]


def _scores(report: Report) -> str:
    own = _of(report, english=False)
    lines = [_line(o, s, report.practice) for o in own for s in o.scores if s.main]
    lines += [
        f"| {title(lacking.benchmark, report.practice)} | | not covered | not covered | | | |"
        for lacking in report.missing
    ]
    lines += [_line(o, s, report.practice) for o in own for s in o.scores if not s.main]
    heads = f"benchmark | metric | base | {report.ours} | difference (95 % CI) | p | n"
    return _table(heads, lines)


def _english(report: Report) -> list[str]:
    asked = _of(report, english=True)
    if not asked:
        return []
    lines = [_line(o, s, report.practice) for o in asked for s in o.scores if s.main]
    heads = f"in English | metric | base | {report.ours} | difference (95 % CI) | p | n"
    return [f"{_kept(asked)}\n\n{_table(heads, lines)}"]


def _kept(asked: Sequence[Outcome]) -> str:
    """Whether English was kept, as far as the tests can tell."""
    lost = [o.main for o in asked if o.main.significant and o.main.comparison.difference.value < 0]
    if lost:
        return (
            f"**English was not kept**: significantly worse in {len(lost)} of {len(asked)} tests."
        )
    return "**English kept**: in no test is it significantly worse than its base."


def _peers(report: Report) -> list[str]:
    if not report.peers:
        return []
    own = _of(report, english=False)
    lines = [
        f"| {_name(o, report.practice)} | {s.metric} | "
        + " | ".join(_number(s, interval.value) for interval in s.intervals)
        + " |"
        for o in own
        for s in o.scores
        if s.main
    ]
    heads = ["benchmark", "metric", "base", report.ours, *(f"`{peer}`" for peer in report.peers)]
    return [f"Beside other models, asked alike:\n\n{_table(' | '.join(heads), lines)}"]


def _degenerate(report: Report) -> list[str]:
    models = ("base", report.ours, *(f"`{peer}`" for peer in report.peers))
    lines = [
        f"| {o.task.direction} | {model} | "
        + " | ".join(str(flaws[flaw]) for flaw in (*FLAWS, "any"))
        + f" | {len(o.task.items)} |"
        for o in report.outcomes
        for model, flaws in zip(models, o.flaws, strict=False)
    ]
    if not lines:
        return []
    heads = " | ".join(flaw.replace("_", " ") for flaw in FLAWS)
    return [
        "Degenerate translations, counted:\n\n"
        + _table(f"direction | model | {heads} | any of these | n", lines)
    ]


def _contamination(checked: Checked) -> str:
    return (
        f"Looked for in the training data again: {checked.found:,} of {checked.texts:,} benchmark "
        f"texts are in it, {checked.left_out:,} items were left out for that."
    )


def _remarks(report: Report) -> list[str]:
    if report.practice:
        return [PRACTICE]
    asked = {o.task.benchmark for o in report.outcomes}
    related = [RELATED] if len(asked & BUILT_ON_FLORES) > 1 else []
    return related + (flores_notes(report.language) if asked & BUILT_ON_FLORES else [])


def _name(outcome: Outcome, practice: bool) -> str:
    task = outcome.task
    name = title(task.benchmark, practice)
    return f"{name} {task.direction}" if task.direction else name


def tested_name(outcome: Outcome, practice: bool) -> str:
    """The name of a test with the direction, and with English where that is what it is in."""
    other = outcome.task.language == ENGLISH and not outcome.task.direction
    return _name(outcome, practice) + (" in English" if other else "")


def _number(score: Score, value: float, sign: str = "") -> str:
    digits = 1 if score.metric in ("chrF++", "BLEU") else 3
    return f"{value:{sign}.{digits}f}"


def _line(outcome: Outcome, score: Score, practice: bool) -> str:
    compared, gain = score.comparison, score.comparison.difference
    low, high = _number(score, gain.low, "+"), _number(score, gain.high, "+")
    mark = "" if score.significant else ", not significant"
    p = "< 0.001" if score.p_holm < 0.001 else f"{score.p_holm:.3f}"
    return (
        f"| {_name(outcome, practice)} | {score.metric} | {_number(score, compared.base.value)} "
        f"| {_number(score, compared.adapter.value)} "
        f"| {_number(score, gain.value, '+')} ({low} to {high}{mark}) "
        f"| {p} | {len(outcome.task.items)} |"
    )


def _table(heads: str, lines: Sequence[str]) -> str:
    columns = heads.count("|") + 1
    return "\n".join([f"| {heads} |", "|" + "---|" * columns, *lines])
