"""The card: readable YAML first, and text of others that stays text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from recipes.core import language
from recipes.core.config import load
from recipes.generate.community import Style
from recipes.generate.journal.usage import Bill
from recipes.generate.publish import card, plot, stats
from recipes.generate.publish.audit import Certificate
from recipes.generate.schema import Message, Row
from recipes.generate.settings import parse

SETTINGS = parse(load("practice", "practice", "epo_Latn").generate)
BILL = Bill(10, 20, 0.5, 0.0, 0.0, 7200.0)
HOSTILE = (
    "```\n---\nlicense: evil\n---\n# Hi <script>alert(1)</script> {{ 7 * 7 }} [x](javascript:1)"
    " \u2067שלום\u2028\u202etxt"
)


CERTIFICATE = Certificate(
    unit="words",
    length=8,
    shortest=8,
    benchmarks=[
        {"repo": "practice/flores", "revision": "b" * 40, "texts": 200, "too_short": 3},
        {"repo": "practice/flores", "revision": "b" * 40, "texts": 200, "too_short": 1},
        {"repo": "practice/mmlu", "texts": 0, "too_short": 0},
    ],
    dropped=4,
    rows=3,
    turns=6,
    left=0,
)


def facts(rows: list[Row], **more: Any) -> card.Facts:
    """Facts about these rows."""
    verdicts: list[tuple[Row, str | None]] = [(row, None) for row in rows]
    other = Row("topics", "p", "t", ())
    verdicts += [(other, "loop"), (other, "loop"), (other, "english")]
    known = card.Facts(
        repo="practice/kakugo-epo_Latn",
        language=language.get("epo_Latn"),
        practice=True,
        settings=SETTINGS,
        recipe="practice",
        digest="d",
        configs=[{"config_name": "default", "data_files": []}],
        tally=stats.count(verdicts, 2),
        lost={"timeout": 2, "status_418": 1},
        inputs={"practice/corpus": "a" * 40},
        licences={"practice/corpus": "cc-by-sa-4.0 <b>"},
        certificate=CERTIFICATE,
        identified_by="CLD2",
        bill=BILL,
    )
    return replace(known, **more)


def row(asked: str, said: str, source: str = "topics") -> Row:
    """One exchange."""
    turns = (Message(role="user", content=asked), Message(role="assistant", content=said))
    return Row(source, "p", "t", turns)


def test_the_front_matter_is_yaml_with_what_the_hub_reads() -> None:
    front = next(yaml.safe_load_all(card.write(facts([]))))
    assert front["language"] == ["eo"]
    assert front["license"] == "apache-2.0"
    assert front["size_categories"] == ["n<1K"]
    assert {"practice", "arxiv:2601.14051"} <= set(front["tags"])
    uzbek = next(yaml.safe_load_all(card.write(facts([], language=language.get("uzn_Cyrl")))))
    assert (uzbek["language"], uzbek["language_bcp47"]) == (["uz"], ["uz-Cyrl"])


def test_hostile_text_stays_in_one_fence() -> None:
    turns = (
        Message(role="user", content=HOSTILE),
        Message(role="assistant", content=HOSTILE * 20),
    )
    thanks = replace(SETTINGS, style=Style(credit=(HOSTILE,)))
    rows = [Row("topics", "p", "t", turns)] * 3
    hostile = facts(rows, skipped=[HOSTILE], settings=thanks)
    text = card.write(hostile)
    body = text.split("---\n", 2)[2]
    fences = [token for token in MarkdownIt().parse(body) if token.type == "fence"]
    samples = next(token for token in fences if token.info == "json").content.splitlines()
    assert len(samples) == 2
    assert json.loads(samples[0])["messages"][0]["user"] == HOSTILE
    assert not set("\u2028\u202e\u2067") & set("".join(samples))
    outside = "".join(line for line in body.splitlines() if line not in samples)
    assert "<script>" not in outside and "license: evil" in outside
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert "<script>" not in shown and "<h1>Hi" not in shown and 'javascript:1"' not in shown
    assert next(yaml.safe_load_all(text))["license"] == "apache-2.0"


def test_what_was_dropped_adds_up_and_is_explained() -> None:
    text = card.write(facts([]))
    assert "| gate | reason | | `topics` | never a row | all |" in text
    assert "| loops | `loop` | the text repeats itself | 2 |  | 2 |" in text
    assert "| teacher | `status_418` | the teacher returned an HTTP error |  | 1 | 1 |" in text
    assert "| **all** | | | 3 | 3 | 6 |" in text


def test_the_hub_reads_the_card(tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    path = tmp_path / "README.md"
    path.write_text(card.write(facts([row("a", "b", "pairs")])), encoding="utf-8")
    read = DatasetCard.load(path)
    assert read.data.language == ["eo", "en"]
    assert read.data.license == "apache-2.0"
    assert read.data.configs == [{"config_name": "default", "data_files": []}]
    assert read.data.pretty_name == "Kakugo Esperanto (practice)"


def test_benchmarks_are_certified_by_repository_and_commit() -> None:
    text = card.write(facts([]))
    assert f"| `practice/flores` | `{'b' * 40}` | 400 | 4 |" in text
    assert "| `practice/mmlu` | not there | 0 | 0 |" in text
    assert "**0 of 3 rows overlap.**" in text


def test_rows_of_others_keep_their_licence() -> None:
    told = card.write(facts([row("a", "b"), row("c", "d", "replay")]))
    assert (
        "copied from `practice/kakugo-practice-corpus` word for word: its licence holds for them"
        in told
    )
    assert f"\n- `practice/corpus` at `{'a' * 40}`, under cc\\-by\\-sa\\-4.0 &lt;b\\>\n" in told
    assert "word for word: its licence" not in card.write(facts([row("a", "b")]))


def test_energy_is_told_only_where_somebody_stated_the_power() -> None:
    assert "kWh" not in card.write(facts([]))
    told = card.write(facts([], settings=replace(SETTINGS, watts=700.0)))
    assert "about 1.40 kWh, an estimate: 2.00 hours at the 700 W" in told


def test_the_cost_is_that_of_all_runs_for_the_language() -> None:
    assert "\n- 0.50 US dollars were paid for them\n- 120.0 minutes" in card.write(facts([]))
    shared = replace(BILL, earlier_usd=1.25, others_usd=0.75)
    told = card.write(facts([], bill=shared))
    assert "\n- 1.75 US dollars were paid for them, 1.25 of these in earlier runs; answers" in told
    assert "had cost the runs of others 0.75 more\n- 120.0 minutes" in told


def test_marks_have_an_interval_and_a_run_that_stopped_says_so() -> None:
    told = card.write(facts([], marks={5: 50, 4: 50}, bill=replace(BILL, stopped="cap")))
    assert "4.50 ± 0.10 on average (95 %)" in told
    assert "**Not complete.** The run stopped early (`cap`)" in told
    assert "on average" not in card.write(facts([], marks={5: 1}))
    assert "Not complete" not in card.write(facts([]))
    assert "Of 3 rows the teacher, asked as a judge, said nothing" in card.write(
        facts([], unjudged=3)
    )
    assert "said nothing of use" not in told


def test_prompts_are_quoted_and_lengths_counted() -> None:
    rows = [row("a" * size, f"<think>\nHm.\n</think>\n\n{'b' * 7}") for size in range(1, 22)]
    text = card.write(facts(rows))
    assert "Write 5 different prompts that a speaker of Esperanto would send" in text
    assert "| user | 2 | 11 | 20 |" in text and "| assistant | 7 | 7 | 7 |" in text
    assert "21 of them with the teacher's reasoning" in text


def test_what_a_community_chose_is_told() -> None:
    gates = replace(SETTINGS.gates, forbidden=("bilet*",))
    wanted = replace(SETTINGS, style=Style(orthography="the *h-system*"), gates=gates)
    text = card.write(facts([row("a", "b")], settings=wanted))
    assert "asked for Esperanto \\(spelt by the \\*h\\-system\\*\\)." in text
    assert text.count("[system] Never write in Esperanto: bilet* ") == 4, (
        "in front of every request"
    )
    assert "The community asked" not in card.write(facts([]))


def test_the_picture_is_the_same_for_the_same_rows(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plot.draw(facts([row("a", "b"), row("c", "d", "pairs")]).tally, tmp_path / name)
    drawn = (tmp_path / "a.png").read_bytes()
    assert drawn.startswith(b"\x89PNG") and drawn == (tmp_path / "b.png").read_bytes()
    assert int.from_bytes(drawn[16:20]) == 800
