"""The dataset card: what the dataset holds, how it was made, what its limits are.

Prompts are text by others. They are in a code fence that is longer than any run of backticks in it,
so that nothing in it is markup. Everything else is our own text or was escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml

from recipes.core.card_sections import escape, quote_turns
from recipes.core.language import Language
from recipes.generate.gates.reasons import GATE_NAMES, gate_of, meaning
from recipes.generate.journal.usage import UsageReport
from recipes.generate.prompts import templates
from recipes.generate.publish import licences
from recipes.generate.publish.audit import AuditReport
from recipes.generate.publish.stats import DatasetStats
from recipes.generate.schema import Row
from recipes.generate.settings import GenerateSettings
from recipes.generate.sources.table import SOURCES, Source

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
SAMPLE_LETTERS = 400  # of a turn


@dataclass(frozen=True)
class CardFacts:
    """Everything that the card says.

    lost: answers that never became a row, by reason
    inputs, licences: commits and licences by repo
    teacher_revision: the commit of the teacher's model, if it is known
    seems: which language all or some rows look like, if it is not the right one
    skipped: a sentence for each dataset without data for the language
    grades: how often the judge gave each grade from 1 to 5
    unjudged: rows without an answer from the judge
    """

    repo: str
    language: Language
    practice: bool
    settings: GenerateSettings
    recipe: str
    digest: str
    configs: list[dict[str, Any]]
    stats: DatasetStats
    lost: Mapping[str, int]
    inputs: Mapping[str, str]
    licences: Mapping[str, str]
    audit: AuditReport
    identified_by: str
    usage: UsageReport
    teacher_revision: str = ""
    seems: str = ""
    skipped: Sequence[str] = ()
    grades: Mapping[int, int] = field(default_factory=dict)
    unjudged: int = 0

    @property
    def rows(self) -> int:
        """The number of rows in the dataset."""
        return self.stats.kept.total()

    @property
    def kilowatt_hours(self) -> float | None:
        """The energy of hardware that always draws its rated power, None if that is unknown."""
        watts = self.settings.watts
        return None if watts is None else watts * self.usage.seconds / 3_600_000


class SourceLine(NamedTuple):
    """A line of the card's table of sources."""

    name: str
    about: str
    licence: str
    kept: int
    dropped: int


class ReasonLine(NamedTuple):
    """A line of the card's table of reasons: rows dropped by source, and lost answers."""

    gate: str
    reason: str
    meaning: str
    dropped: list[int]
    lost: int
    total: int


class BenchmarkLine(NamedTuple):
    """A line of the card's table of benchmarks."""

    repo: str
    commit: str
    texts: int
    too_short: int


class MeanGrade(NamedTuple):
    """The mean of the judge's grades, half its 95% confidence interval, and their number."""

    mean: float
    half_interval: float
    rows: int


def render(facts: CardFacts) -> str:
    """Return the text of `README.md`."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    source = Path(__file__).with_name("card.md.j2").read_text("utf-8")
    stats = facts.stats
    sources = [source for source in SOURCES if stats.has_rows(source.name)]
    names = [source.name for source in sources]
    return environment.from_string(source).render(
        front_matter=yaml.safe_dump(_front_matter(facts), allow_unicode=True, sort_keys=False),
        facts=facts,
        sources=[
            SourceLine(
                source.name,
                source.about,
                licences.licence_of(source, facts.settings, facts.licences),
                stats.kept[source.name],
                stats.dropped_by_gate(source.name).total(),
            )
            for source in sources
        ],
        prompt_language=facts.settings.prompt_language(facts.language).name,
        reasons=list(reason_lines(facts, names)),
        benchmarks=benchmark_lines(facts.audit),
        requests=fenced("\n\n".join(example_requests(sources, facts)), "text"),
        samples="\n\n".join(map(sample_text, stats.samples)),
        english_rows=sum(stats.kept[source.name] for source in sources if not source.asks_teacher),
        copied=[
            source.name for source in sources if stats.kept[source.name] and not source.asks_teacher
        ],
        licence=_licence(facts),
        org=facts.repo.rpartition("/")[0],
        origins=sorted(_origins(facts)),
        escape=escape,
        counted=counted,
        grade=mean_grade(facts.grades),
    )


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: `1 row`, `2,000 rows`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def benchmark_lines(audit: AuditReport) -> list[BenchmarkLine]:
    """Return one line per repo of the benchmarks."""
    lines: dict[str, BenchmarkLine] = {}
    for benchmark in audit.benchmarks:
        repo = benchmark["repo"]
        line = lines.get(repo, BenchmarkLine(repo, "", 0, 0))
        lines[repo] = BenchmarkLine(
            repo,
            line.commit or str(benchmark.get("revision") or ""),
            line.texts + benchmark["texts"],
            line.too_short + benchmark["too_short"],
        )
    return list(lines.values())


def reason_lines(facts: CardFacts, sources: Sequence[str]) -> Iterator[ReasonLine]:
    """Yield one line per reason that occurred, in the order of the gates."""
    reasons = {reason for _, reason in facts.stats.dropped} | set(facts.lost)
    for gate in GATE_NAMES:
        for reason in sorted(reason for reason in reasons if gate_of(reason) == gate):
            dropped = [facts.stats.dropped[source, reason] for source in sources]
            lost = facts.lost.get(reason, 0)
            yield ReasonLine(gate, reason, meaning(reason), dropped, lost, sum(dropped) + lost)


def example_requests(sources: Sequence[Source[Any]], facts: CardFacts) -> list[str]:
    """Return the requests to the teacher, with dots for what changes."""
    settings = facts.settings
    language = settings.prompt_language(facts.language).name
    requests = [
        messages
        for source in sources
        for messages in source.requests(settings.sources[source.name], language)
    ]
    requests += [templates.revise("…", language), templates.answer("…", language)]
    if rules := settings.prompt_rules(facts.language):
        requests = [templates.with_rules(rules, messages) for messages in requests]
    return [
        "\n".join(f"[{message['role']}] {message['content']}" for message in messages)
        for messages in requests
    ]


def mean_grade(grades: Mapping[int, int]) -> MeanGrade | None:
    """Return the mean of the judge's grades, None for fewer than two."""
    count = sum(grades.values())
    if count < 2:
        return None
    mean = sum(grade * times for grade, times in grades.items()) / count
    squares = sum((grade - mean) ** 2 * times for grade, times in grades.items())
    return MeanGrade(mean, 1.96 * (squares / (count - 1) / count) ** 0.5, count)


def sample_text(row: Row) -> str:
    """Return a row as a conversation, after its source."""
    turns = ((turn["role"].capitalize(), turn["content"]) for turn in row.messages)
    return f"From `{row.source}`:\n\n{quote_turns(turns, SAMPLE_LETTERS)}"


def fenced(text: str, info: str) -> str:
    """Return the text in a code fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"


def _front_matter(facts: CardFacts) -> dict[str, Any]:
    size = next((name for limit, name in SIZES if facts.rows < limit), "1M<n<10M")
    tags = ["kakugo", "synthetic", "arxiv:2601.14051"]
    kept = [source for source in SOURCES if facts.stats.kept[source.name]]
    english = ["en"] if any(source.with_english for source in kept) else []
    metadata = facts.language.metadata
    return {
        "pretty_name": f"Kakugo {facts.language.name}{' (practice)' if facts.practice else ''}",
        **metadata,
        "language": [*metadata["language"], *english],
        "multilinguality": "multilingual" if english else "monolingual",
        **_licence_fields(_licence(facts)),
        "task_categories": ["text-generation"],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "size_categories": [size],
        "source_datasets": sorted(_origins(facts)),
        "tags": [*tags, "practice"] if facts.practice else tags,
        "configs": facts.configs,
    }


def _origins(facts: CardFacts) -> set[str]:
    """Return the repos of datasets whose text is in the rows."""
    kept = (source for source in SOURCES if facts.stats.kept[source.name])
    corpora = (each for source in kept for each in licences.corpora_of(source, facts.settings))
    return {corpus.repo for corpus in corpora} & set(facts.inputs)


def _licence(facts: CardFacts) -> str:
    """Return the licence of the dataset: the strictest of its sources."""
    kept = (source for source in SOURCES if facts.stats.kept[source.name])
    found = [licences.licence_of(source, facts.settings, facts.licences) for source in kept]
    return licences.strictest(found or [facts.settings.licence])


def _licence_fields(licence: str) -> dict[str, str]:
    """Return the licence for the Hub; one that it does not know is `other`, with its name."""
    if licence in licences.CONDITIONS:
        return {"license": licence}
    return {"license": "other", "license_name": licence}
