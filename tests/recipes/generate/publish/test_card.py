"""The card: YAML that the Hub reads, correct figures, and text by others that stays text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from PIL import Image

from recipes.core import language
from recipes.core.config import load
from recipes.generate.community import Style
from recipes.generate.journal.usage import UsageReport
from recipes.generate.publish import card, plot, stats
from recipes.generate.publish.audit import AuditReport
from recipes.generate.schema import Message, Row
from recipes.generate.settings import parse

SETTINGS = parse(load("practice", "practice", "epo_Latn").generate)
USAGE = UsageReport(10, 20, 0.5, 0.0, 0.0, 7200.0)
HOSTILE = (
    "```\n---\nlicense: evil\n---\n# Hi <script>alert(1)</script> {{ 7 * 7 }} [x](javascript:1)"
    " https://evil.test @ludoviko \u2067שלום\u2028\u202etxt"
)


AUDIT = AuditReport(
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


def facts(rows: list[Row], **more: Any) -> card.CardFacts:
    """Return facts about these rows."""
    reasons: list[tuple[Row, str | None]] = [(row, None) for row in rows]
    other = Row("topics", "p", "t", ())
    reasons += [(other, "loop"), (other, "loop"), (other, "english")]
    default = card.CardFacts(
        repo="practice/kakugo-epo_Latn",
        language=language.get("epo_Latn"),
        practice=True,
        settings=SETTINGS,
        recipe="practice",
        digest="d",
        configs=[{"config_name": "default", "data_files": []}],
        stats=stats.count_rows(reasons, 2),
        lost={"timeout": 2, "status_418": 1},
        inputs={"practice/corpus": "a" * 40},
        licences={"practice/corpus": "cc-by-sa-4.0 <b>"},
        audit=AUDIT,
        identified_by="CLD2",
        usage=USAGE,
    )
    return replace(default, **more)


def test_the_commit_of_the_teacher_is_named_if_it_is_known() -> None:
    rows = [row("Kio?", "Jen.")]
    assert "at commit" not in card.render(facts(rows)).split("automatic filters")[0]
    text = card.render(facts(rows, teacher_revision="b" * 40))
    assert f"(`{SETTINGS.teacher.model}` at commit `{'b' * 40}`)" in text


def row(prompt: str, answer: str, source: str = "topics") -> Row:
    """One exchange."""
    turns = (Message(role="user", content=prompt), Message(role="assistant", content=answer))
    return Row(source, "p", "t", turns)


def test_the_front_matter_is_yaml_with_what_the_hub_reads() -> None:
    front = next(yaml.safe_load_all(card.render(facts([]))))
    assert front["language"] == ["eo"]
    assert front["license"] == "apache-2.0"
    assert front["size_categories"] == ["n<1K"]
    assert {"practice", "arxiv:2601.14051"} <= set(front["tags"])
    uzbek = next(yaml.safe_load_all(card.render(facts([], language=language.get("uzn_Cyrl")))))
    assert (uzbek["language"], uzbek["language_bcp47"]) == (["uz"], ["uz-Cyrl"])


def test_hostile_text_has_no_markup() -> None:
    turns = (
        Message(role="user", content=HOSTILE),
        Message(role="assistant", content=HOSTILE * 20),
    )
    thanks = replace(SETTINGS, style=Style(credit=(HOSTILE,)))
    rows = [Row("topics", "p", "t", turns)] * 3
    hostile = facts(rows, skipped=[HOSTILE], settings=thanks)
    text = card.render(hostile)
    body = text.split("---\n", 2)[2]
    samples = [line for line in body.splitlines() if line.startswith(("> **User", "> **Assis"))]
    assert [line[4:8] for line in samples] == ["User", "Assi"] * 2 and "…" in samples[1]
    assert not set("\u2028\u202e\u2067") & set("".join(samples))
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert "<script>" not in shown and "<h1>Hi" not in shown and 'javascript:1"' not in shown
    assert "https://evil" not in body and "@ludoviko" not in body, "the Hub makes links of them"
    assert next(yaml.safe_load_all(text))["license"] == "apache-2.0"


def test_dropped_rows_add_up_and_are_explained() -> None:
    text = card.render(facts([]))
    assert "| gate | reason | meaning | `topics` | never a row | total |" in text
    assert "| loops | `loop` | the text repeats itself | 2 |  | 2 |" in text
    assert "| teacher | `status_418` | the teacher returned an HTTP error |  | 1 | 1 |" in text
    assert "| **all** | | | 3 | 3 | 6 |" in text


def test_the_hub_reads_the_card(tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    path = tmp_path / "README.md"
    path.write_text(card.render(facts([row("a", "b", "pairs")])), encoding="utf-8")
    read = DatasetCard.load(path)
    assert read.data.language == ["eo", "en"]
    assert read.data.license == "apache-2.0"
    assert read.data.configs == [{"config_name": "default", "data_files": []}]
    assert read.data.pretty_name == "Kakugo Esperanto (practice)"


def test_benchmarks_are_listed_by_repository_and_commit() -> None:
    text = card.render(facts([]))
    assert f"| `practice/flores` | `{'b' * 40}` | 400 | 4 |" in text
    assert "| `practice/mmlu` | not available | 0 | 0 |" in text
    assert "**0 of 3 rows overlap.**" in text and "\n4 rows with a run of 8 words" in text


def test_copied_rows_keep_their_licence() -> None:
    text = card.render(facts([row("a", "b"), row("c", "d", "replay")]))
    assert "copied word for word from `practice/kakugo-practice-corpus`\n" in text
    read = {SETTINGS.conversations.repo: "cc-by-sa-4.0"}
    mixed = card.render(facts([row("a", "b"), row("c", "d", "replay")], licences=read))
    assert (
        "as they are, so that a model keeps its English | cc&#45;by&#45;sa&#45;4&#46;0 | 1 | 0 |"
        in mixed
    )
    assert next(yaml.safe_load_all(mixed))["license"] == "cc-by-sa-4.0"
    licence = "cc&#45;by&#45;sa&#45;4&#46;0 &#60;b&#62;"
    assert f"\n- `practice/corpus` at `{'a' * 40}`, licence {licence}\n" in text
    assert "copied word for word" not in card.render(facts([row("a", "b")]))


def test_energy_is_estimated_only_where_the_power_is_known() -> None:
    assert "kWh" not in card.render(facts([]))
    text = card.render(facts([], settings=replace(SETTINGS, watts=700.0)))
    assert "energy of the last run: 1.40 kWh, for 2.00 hours at the 700 W" in text


def test_the_cost_is_that_of_all_runs_for_the_language() -> None:
    assert "0.50 US dollars\n- time of the last run: 120.0 minutes" in card.render(facts([]))
    shared = replace(USAGE, earlier_runs_usd=1.25, other_languages_usd=0.75)
    text = card.render(facts([], usage=shared))
    assert "cost: 1.75 US dollars, 1.25 of them in earlier runs; runs for other" in text
    assert "languages paid 0.75 more, for answers that all languages share\n- time" in text


def test_marks_have_an_interval_and_an_incomplete_run_says_so() -> None:
    text = card.render(facts([], grades={5: 50, 4: 50}, usage=replace(USAGE, stop_reason="cap")))
    assert "The mean grade is 4.50 ± 0.10 (95% interval)" in text
    assert "**Incomplete.** The run stopped early (`cap`)" in text
    assert "The mean grade is" not in card.render(facts([], grades={5: 1}))
    assert "Incomplete" not in card.render(facts([]))
    assert "no usable answer for 3 rows, which were kept." in card.render(facts([], unjudged=3))
    assert "no usable answer for 1 row, which was kept." in card.render(facts([], unjudged=1))
    assert "no usable answer" not in text


def test_prompts_are_quoted_and_lengths_counted() -> None:
    rows = [row("a" * size, f"<think>\nHm.\n</think>\n\n{'b' * 7}") for size in range(1, 22)]
    text = card.render(facts(rows))
    assert "Write 5 different prompts that a speaker of Esperanto would send" in text
    assert "| user | 2 | 11 | 20 |" in text and "| assistant | 7 | 7 | 7 |" in text
    assert "The dataset has 42 turns, 21 of them with the teacher's reasoning" in text


def test_a_communitys_choices_are_on_the_card() -> None:
    gates = replace(SETTINGS.gates, forbidden=("bilet*",))
    chosen = replace(SETTINGS, style=Style(orthography="the *h-system*"), gates=gates)
    text = card.render(facts([row("a", "b")], settings=chosen))
    assert "asked for Esperanto &#40;spelt by the &#42;h&#45;system&#42;&#41;." in text
    assert text.count("[user] Never write in Esperanto: bilet* ") == 4, (
        "it goes in front of every request"
    )
    assert "The community asked" not in card.render(facts([]))


def test_the_plot_is_the_same_for_the_same_rows(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plot.draw(facts([row("a", "b"), row("c", "d", "pairs")]).stats, tmp_path / name)
    image = (tmp_path / "a.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:  # shows the page behind it, light or dark
        assert picture.mode == "RGBA" and picture.getpixel((0, 0))[3] == 0
    assert image.startswith(b"\x89PNG") and image == (tmp_path / "b.png").read_bytes()
    assert int.from_bytes(image[16:20]) == 700
