"""The dataset card: what is in the dataset, how it came about, what it cannot do.

Samples are other people's text: each is one line of JSON in a fence, where nothing is markup.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml

from recipes.generate.row import Row, Rows
from recipes.language import Language

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
LONGEST_SAMPLE = 400
ABOUT = {
    "topics": "prompts grown from a tree of topics",
    "scenarios": "prompts grown from situations of daily life",
    "contexts": "prompts on real texts of the language",
    "pairs": "translations of real texts, asked for in both directions",
    "translation": "English conversations translated turn by turn",
}


@dataclass(frozen=True)
class Facts:
    """Everything that the card tells; money in US dollars, time in seconds."""

    repo: str
    language: Language
    practice: bool
    licence: str
    teacher: str
    recipe: str
    digest: str
    seed: int
    configs: list[dict[str, Any]]
    rows: Rows
    dropped: dict[str, int]
    inputs: dict[str, str]
    benchmarks: Sequence[str]
    tokens_in: int
    tokens_out: int
    cost_usd: float
    seconds: float
    samples: int
    stopped: str = ""
    skipped: Sequence[str] = ()


def write(facts: Facts) -> str:
    """The text of README.md."""
    page = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = page.from_string(Path(__file__).with_name("card.md.j2").read_text("utf-8"))
    front = yaml.safe_dump(_front(facts), allow_unicode=True, sort_keys=False)
    sources = Counter(row.source for row in facts.rows)
    return template.render(
        front=front,
        facts=facts,
        sources=[(name, ABOUT[name], sources[name]) for name in ABOUT if name in sources],
        samples=[sample(row) for row in _first_of_each(facts.rows, facts.samples)],
    )


def sample(row: Row) -> str:
    """A row as one line of JSON, long turns cut."""
    turns = [{turn["role"]: _cut(turn["content"])} for turn in row.messages]
    return json.dumps({"source": row.source, "messages": turns}, ensure_ascii=False)


def _front(facts: Facts) -> dict[str, Any]:
    size = next((name for most, name in SIZES if len(facts.rows) < most), "n>1M")
    tags = ["kakugo", "synthetic", "arxiv:2601.14051"]
    return {
        "pretty_name": f"Kakugo {facts.language.name}{' (practice)' if facts.practice else ''}",
        "language": [facts.language.tag],
        "license": facts.licence,
        "task_categories": ["text-generation"],
        "annotations_creators": ["machine-generated"],
        "size_categories": [size],
        "tags": [*tags, "practice"] if facts.practice else tags,
        "configs": facts.configs,
    }


def _first_of_each(rows: Rows, count: int) -> list[Row]:
    found = Counter[str]()
    chosen = []
    for row in rows:
        if found[row.source] < count:
            chosen.append(row)
        found[row.source] += 1
    return chosen


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SAMPLE else text[:LONGEST_SAMPLE] + " …"
