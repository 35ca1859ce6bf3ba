"""The card: readable YAML first, and text of others that stays text."""

from __future__ import annotations

import json

import yaml
from markdown_it import MarkdownIt

from recipes import language
from recipes.generate import card
from recipes.generate.row import Message, Row

HOSTILE = (
    "```\n---\nlicense: evil\n---\n# Hi <script>alert(1)</script> {{ 7 * 7 }} [x](javascript:1)"
)


def facts(rows: list[Row]) -> card.Facts:
    """Facts about these rows."""
    return card.Facts(
        repo="practice/kakugo-epo_Latn",
        language=language.get("epo_Latn"),
        practice=True,
        licence="apache-2.0",
        teacher="teacher",
        recipe="practice",
        digest="d",
        seed=1,
        configs=[{"config_name": "default", "data_files": []}],
        rows=rows,
        dropped={"loop": 2, "english": 3},
        inputs={"practice/corpus": "a" * 40},
        benchmarks=["practice/flores"],
        tokens_in=10,
        tokens_out=20,
        cost_usd=0.5,
        seconds=9.0,
        samples=2,
    )


def test_the_front_matter_is_yaml_with_what_the_hub_reads() -> None:
    front = next(yaml.safe_load_all(card.write(facts([]))))
    assert front["language"] == ["eo"]
    assert front["license"] == "apache-2.0"
    assert front["size_categories"] == ["n<1K"]
    assert {"practice", "arxiv:2601.14051"} <= set(front["tags"])


def test_hostile_text_stays_in_one_fence() -> None:
    turns = (
        Message(role="user", content=HOSTILE),
        Message(role="assistant", content=HOSTILE * 20),
    )
    text = card.write(facts([Row("topics", "p", "t", turns)] * 3))
    body = text.split("---\n", 2)[2]
    fences = [token for token in MarkdownIt().parse(body) if token.type == "fence"]
    samples = next(token for token in fences if token.info == "json").content.splitlines()
    assert len(samples) == 2
    assert json.loads(samples[0])["messages"][0]["user"] == HOSTILE
    outside = "".join(line for line in body.splitlines() if line not in samples)
    assert "<script>" not in outside and "evil" not in outside


def test_what_was_dropped_adds_up() -> None:
    assert "| loop | 2 |" in card.write(facts([]))
    assert "| **all** | 5 |" in card.write(facts([]))
