"""The dataset card: what is in the dataset, how it came about, what it cannot do.

Samples and prompts are other people's text: each stands in a fence that is longer than any run of
backticks in it, where nothing is markup. Everything else that is printed is ours or was checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml

from recipes.core.language import Language
from recipes.generate.gates.reasons import GATES, gate_of, meaning
from recipes.generate.journal.usage import Bill
from recipes.generate.prompts import templates
from recipes.generate.publish.audit import Certificate
from recipes.generate.publish.stats import Tally
from recipes.generate.schema import Message, Row
from recipes.generate.settings import GenerateSettings

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
LONGEST_SAMPLE = 400
# Marks that break a line, or turn the text behind them round beyond their own row.
TURNS_LINES = re.compile("[\x85\u2028-\u202e\u2066-\u2069]")
ABOUT = {
    "topics": "prompts grown from a tree of topics",
    "scenarios": "prompts grown from situations of daily life",
    "contexts": "prompts on real texts of the language",
    "pairs": "translations of real texts, asked for in both directions",
    "translation": "English conversations translated turn by turn",
    "replay": "English conversations as they are, so that English is not lost",
}
DOTS = (Message(role="user", content="…"), Message(role="assistant", content="…"))
# Ids of the Hub that a request may choose; a community may have a licence of its own.
LICENCES = frozenset(
    "apache-2.0 mit cc0-1.0 cc-by-4.0 cc-by-sa-4.0 cc-by-nc-4.0 cc-by-nc-sa-4.0 cc-by-nc-nd-4.0 "
    "odc-by odbl".split()
)
WITH_ENGLISH = {"contexts", "pairs", "replay"}  # sources whose rows also hold English


@dataclass(frozen=True)
class Facts:
    """Everything that the card tells.

    `inputs` and `licences` are commits and licences by repo; `lost` counts what never became a row,
    by reason; `skipped` are sentences on what was not there; `marks` counts the judge's marks from
    1 to 5, and `unjudged` the rows that it was asked about and did not judge.
    """

    repo: str
    language: Language
    practice: bool
    settings: GenerateSettings
    recipe: str
    digest: str
    configs: list[dict[str, Any]]
    tally: Tally
    lost: Mapping[str, int]
    inputs: Mapping[str, str]
    licences: Mapping[str, str]
    certificate: Certificate
    identified_by: str
    bill: Bill
    skipped: Sequence[str] = ()
    marks: Mapping[int, int] = field(default_factory=dict)
    unjudged: int = 0

    @property
    def rows(self) -> int:
        """How many rows are in the dataset."""
        return self.tally.kept.total()

    @property
    def kilowatt_hours(self) -> float | None:
        """The energy of hardware that draws its stated power all the time; None if not stated."""
        watts = self.settings.watts
        return None if watts is None else watts * self.bill.seconds / 3_600_000


def write(facts: Facts) -> str:
    """The text of README.md."""
    page = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = page.from_string(Path(__file__).with_name("card.md.j2").read_text("utf-8"))
    sources = [name for name in ABOUT if facts.tally.kept[name] or facts.tally.by_gate(name)]
    return template.render(
        front=yaml.safe_dump(_front(facts), allow_unicode=True, sort_keys=False),
        facts=facts,
        sources=[
            (name, ABOUT[name], facts.tally.kept[name], facts.tally.by_gate(name).total())
            for name in sources
        ],
        spoken=facts.settings.spoken(facts.language).name,
        reasons=list(dropped(facts, sources)),
        benchmarks=benchmarks(facts.certificate),
        asked=fenced("\n\n".join(told(sources, facts)), "text"),
        samples=fenced("\n".join(map(sample, facts.tally.shown)), "json"),
        org=facts.repo.rpartition("/")[0],
        origins=sorted(_sources(facts)),
        plain=plain,
        fluency=mean(facts.marks),
    )


def benchmarks(certificate: Certificate) -> list[tuple[str, str, int, int]]:
    """Repository, commit, texts and how many of these were too short, for each benchmark."""
    found: dict[str, tuple[str, int, int]] = {}
    for one in certificate.benchmarks:
        commit, texts, short = found.get(one["repo"], ("", 0, 0))
        commit = commit or str(one.get("revision") or "")
        found[one["repo"]] = commit, texts + one["texts"], short + one["too_short"]
    return [(repo, *rest) for repo, rest in found.items()]


def dropped(
    facts: Facts, sources: Sequence[str]
) -> Iterator[tuple[str, str, str, list[int], int, int]]:
    """Gate, reason and its meaning; how many rows of each source, what never was one, and all."""
    told = {reason for _, reason in facts.tally.dropped} | set(facts.lost)
    for gate in GATES:
        for reason in sorted(reason for reason in told if gate_of(reason) == gate):
            counts = [facts.tally.dropped[source, reason] for source in sources]
            lost = facts.lost.get(reason, 0)
            yield gate, reason, meaning(reason), counts, lost, sum(counts) + lost


def told(sources: Sequence[str], facts: Facts) -> list[str]:
    """What the teacher is asked, as it is asked, with dots for what changes."""
    numbers, language = facts.settings, facts.settings.spoken(facts.language).name
    tree, scenes, texts = numbers.topics, numbers.scenarios, numbers.contexts
    asked = {
        "topics": [
            templates.list_topics(tree.macro_topics, "…", None, language),
            templates.write_prompts(tree.per_topic, "…", "topic", language),
        ],
        "scenarios": [
            templates.list_scenarios(scenes.detailed, "…", language),
            templates.write_prompts(scenes.per_scenario, "…", "scenario", language),
        ],
        "contexts": [templates.write_context_prompts(texts.per_text, "…", "question", language)],
        "pairs": [templates.translate_text("…", language, "English")],
        "translation": [templates.translate_conversation(DOTS, language)],
    }
    requests = [turns for source in sources for turns in asked.get(source, ())]
    requests += [templates.revise("…", language), templates.answer("…", language)]
    if rules := numbers.rules(facts.language):
        requests = [templates.under(rules, turns) for turns in requests]
    return [
        "\n".join(f"[{turn['role']}] {turn['content']}" for turn in turns) for turns in requests
    ]


def mean(marks: Mapping[int, int]) -> tuple[float, float, int] | None:
    """The mean mark, half its 95 % interval, and how many there are; None where nobody judged."""
    count = sum(marks.values())
    if count < 2:
        return None
    middle = sum(mark * times for mark, times in marks.items()) / count
    squares = sum((mark - middle) ** 2 * times for mark, times in marks.items())
    half = 1.96 * (squares / (count - 1) / count) ** 0.5
    return middle, half, count


def sample(row: Row) -> str:
    """A row as one line of JSON, long turns cut."""
    turns = [{turn["role"]: _cut(turn["content"])} for turn in row.messages]
    line = json.dumps({"source": row.source, "messages": turns}, ensure_ascii=False)
    return TURNS_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def fenced(text: str, info: str) -> str:
    """The text in a code fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"


def plain(text: str) -> str:
    """The text as words and nothing else: one line, no markup."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", flat)


def _front(facts: Facts) -> dict[str, Any]:
    size = next((name for most, name in SIZES if facts.rows < most), "1M<n<10M")
    tags = ["kakugo", "synthetic", "arxiv:2601.14051"]
    english = ["en"] if WITH_ENGLISH & set(facts.tally.kept) else []
    language = facts.language.metadata
    return {
        "pretty_name": f"Kakugo {facts.language.name}{' (practice)' if facts.practice else ''}",
        **language,
        "language": [*language["language"], *english],
        "multilinguality": "multilingual" if english else "monolingual",
        **_licence(facts.settings.licence),
        "task_categories": ["text-generation"],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "size_categories": [size],
        "source_datasets": sorted(_sources(facts)),
        "tags": [*tags, "practice"] if facts.practice else tags,
        "configs": facts.configs,
    }


def _sources(facts: Facts) -> set[str]:
    """The data sets whose text is in the rows."""
    kept, numbers = facts.tally.kept, facts.settings
    repos = {corpus.repo for corpus in numbers.texts if kept["contexts"] or kept["pairs"]}
    if kept["translation"] or kept["replay"]:
        repos.add(numbers.conversations.repo)
    return repos & set(facts.inputs)


def _licence(licence: str) -> dict[str, str]:
    """One that the Hub does not know by its id is `other`, with its name."""
    if licence in LICENCES:
        return {"license": licence}
    return {"license": "other", "license_name": licence}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SAMPLE else text[:LONGEST_SAMPLE] + " …"
