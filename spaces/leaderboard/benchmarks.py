"""The columns of the table: benchmarks with their metrics, in plain words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """One benchmark in one direction, measured with one metric; `key` is part of addresses."""

    key: str
    label: str
    source: str
    metric: str
    description: str

    @property
    def title(self) -> str:
        return f"{self.label} ({self.source})"

    def points(self, value: float) -> float:
        """Return a value on 0 to 100; accuracy is stored as 0 to 1."""
        return value * 100 if self.metric == "accuracy" else value


BENCHMARKS = (
    Benchmark(
        "into",
        "From English",
        "FLORES",
        "chrF++",
        "Translates sentences from English into the language. From 0 to 100; higher is better.",
    ),
    Benchmark(
        "out",
        "To English",
        "FLORES",
        "chrF++",
        "Translates sentences from the language into English. From 0 to 100; higher is better.",
    ),
    Benchmark(
        "topic",
        "Topics",
        "SIB-200",
        "accuracy",
        "Names the topic of a sentence, one of seven. The share of correct answers.",
    ),
    Benchmark(
        "reading",
        "Reading",
        "Belebele",
        "accuracy",
        "Reads a passage and picks one of four answers. The share of correct answers.",
    ),
    Benchmark(
        "knowledge",
        "Knowledge",
        "Global-MMLU",
        "accuracy",
        "Answers exam questions with four choices. The share of correct answers.",
    ),
)
BY_KEY = {benchmark.key: benchmark for benchmark in BENCHMARKS}
BENCHMARK_CHOICES = [(benchmark.title, benchmark.key) for benchmark in BENCHMARKS]

# The key of the column with size, cost and date.
ABOUT = "about"
ABOUT_TITLE = "Size, cost, date"
COLUMN_CHOICES = [*BENCHMARK_CHOICES, (ABOUT_TITLE, ABOUT)]
COLUMNS = tuple(key for _, key in COLUMN_CHOICES)
