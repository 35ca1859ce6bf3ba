"""The columns of the leaderboard: what was tested, with which metric, and what that tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """A column: one benchmark in one direction, measured with one metric."""

    key: str
    label: str
    source: str
    metric: str
    tells: str


BENCHMARKS = (
    Benchmark(
        "into",
        "From English",
        "FLORES",
        "chrF++",
        "Translates sentences from English into the language. 0 to 100, higher is better.",
    ),
    Benchmark(
        "out",
        "To English",
        "FLORES",
        "chrF++",
        "Translates sentences from the language into English. 0 to 100, higher is better.",
    ),
    Benchmark(
        "topic",
        "Topics",
        "SIB-200",
        "accuracy",
        "Says which of seven topics a sentence is about. Share of right answers.",
    ),
    Benchmark(
        "reading",
        "Reading",
        "Belebele",
        "accuracy",
        "Reads a passage and picks one of four answers. Share of right answers.",
    ),
    Benchmark(
        "knowledge",
        "Knowledge",
        "Global-MMLU",
        "accuracy",
        "Answers exam questions with four choices. Share of right answers.",
    ),
)


def points(column: Benchmark, value: float) -> float:
    """Put a value on 0..100: accuracy is stored as 0..1."""
    return value * 100 if column.metric == "accuracy" else value


ABOUT = "about"
ALL = (*(column.key for column in BENCHMARKS), ABOUT)
LABELS = {
    **{column.key: f"{column.label} ({column.source})" for column in BENCHMARKS},
    ABOUT: "Size, cost, date",
}
