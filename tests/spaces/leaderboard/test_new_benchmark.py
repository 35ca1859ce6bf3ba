"""A benchmark needs one entry with its reader, and a few lines in the recipe.

This file has both, of made-up riddles. Everything else derives from them: the texts that no row may
overlap with, results, card, the bot's reply, and the leaderboard's column.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from comparison_page import comparison_page
from entries import build_leaderboard
from export import as_csv
from huggingface_hub import ModelCard
from parse_results import parse_benchmarks
from query import EntryIndex, View
from table_html import table

from bot.hub.manifests import parse_manifest
from bot.replies.result import result
from recipes.core import config
from recipes.core.benchmarks.table import (
    BENCHMARKS,
    Benchmark,
    Column,
    abilities,
    benchmark_of,
    leaderboard_columns,
)
from recipes.core.benchmarks.tasks import Item, Row, Source, Task, fill
from recipes.core.manifest import Counts, Manifest
from recipes.evaluate import card, markdown, schema, significance
from recipes.evaluate import settings as evaluate
from recipes.evaluate.chat import ChatScore
from recipes.evaluate.intervals import Interval
from recipes.evaluate.markdown import Contamination, Report
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.overall import overall
from recipes.validation import recipe_check
from tests.bot import examples
from tests.spaces.markup_checker import URLS, checked_text

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

CODE = "epo_Latn"
CHAT = ChatScore("accuracy", 50, Interval(0.96, 0.9, 0.99), Interval(0.9, 0.8, 0.95))
ROWS = [{"number": n, "riddle": f"Kio estas {n}?", "good": "jes", "bad": "ne"} for n in range(40)]


def riddles(source: Source) -> list[Task]:
    """Return riddles with two answers, of which the first is right."""

    def item(row: Row) -> Item:
        prompt = fill(source.settings.prompt, riddle=row["riddle"])
        return Item(str(row["number"]), prompt, (row["good"], row["bad"]), 0, (row["riddle"],))

    return [source.task("riddles", source.items(item))]


RIDDLES = Benchmark(
    key="riddles",
    title="RIDDLE-2",
    ability="Riddles",
    reader=riddles,
    harness_format=lambda task: {"doc_to_text": "riddle", "doc_to_choice": ["jes", "ne"]},
    prompt_fields=("riddle",),
    text_columns=("riddle", "good", "bad"),
    hub_type="question-answering",
    family="riddles",
    columns=(Column("riddles", "Riddles", "Solves riddles. The share of correct answers."),),
    chance=0.5,
    config_name=str.lower,
)


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Config:
    """The practice recipe with the riddles, which are in the table while the test runs."""
    monkeypatch.setitem(BENCHMARKS, "riddles", RIDDLES)
    folder = tmp_path / "riddles"
    folder.mkdir()
    (folder / "test.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    files = [{"config_name": CODE.lower(), "data_files": [{"split": "test", "path": "test.jsonl"}]}]
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': files})}---\n")
    text = yaml.safe_load(Path(config.__file__).parents[1].joinpath("practice.yaml").read_text())
    text["evaluate"]["benchmarks"] = {
        "riddles": {
            "dataset": str(folder), "revision": "main", "split": "test", "prompt": "{riddle}"
        }
    }  # fmt: skip
    text["evaluate"]["chat"]["benchmarks"] = ["riddles"]
    schema = recipe_check.SCHEMA.read_text("utf-8")
    known = '"global_piqa"\n'
    assert known in schema
    (tmp_path / "schema.json").write_text(schema.replace(known, f'"riddles", {known}'), "utf-8")
    monkeypatch.setattr(recipe_check, "SCHEMA", tmp_path / "schema.json")
    path = tmp_path / "riddles.yaml"
    path.write_text(yaml.safe_dump(text))
    return config.load(str(path), "practice", CODE)


def evaluated(recipe: config.Config) -> list[significance.TaskResult]:
    """Read the riddles and score a base that solves 10 of them and an adapter that solves 38."""
    settings = evaluate.parse(recipe.evaluate)
    benchmark = settings.benchmarks["riddles"]
    name = benchmark_of("riddles").config(benchmark, CODE)
    (task,) = BENCHMARKS["riddles"].reader(Source(benchmark.dataset, "main", name, CODE, benchmark))
    outputs = [[[0.0, 1.0 if n >= solved else -1.0] for n in range(40)] for solved in (10, 38)]
    return significance.score_tasks([task], [outputs], settings)


def test_no_training_row_may_overlap_with_it(recipe: config.Config) -> None:
    (excluded,) = recipe.generate["benchmarks"]
    assert (excluded["config"], excluded["split"]) == ("epo_latn", "test")
    assert excluded["columns"] == ["riddle", "good", "bad"]


def test_the_card_names_it_with_its_type(recipe: config.Config) -> None:
    scored = evaluated(recipe)
    found = overall(scored, CODE, margin=2)
    report = Report(CODE, False, "adapter", scored, [], Contamination(40, 0, 0), [], found)
    model_card = ModelCard("---\nlanguage: eo\n---\n# Model\n")
    card.update(model_card, "model", markdown.render(report), scored, practice=False)
    assert "| RIDDLE-2 | accuracy (%) | 25.0 | 95.0 |" in model_card.text
    assert "**+70.0 points (+54.6 to +81.9)**" in model_card.text
    (metadata,) = model_card.data.eval_results
    assert (metadata.task_type, metadata.dataset_name) == ("question-answering", "RIDDLE-2")


def test_the_bot_says_what_it_tests(recipe: config.Config) -> None:
    scored = evaluated(recipe)
    metrics = {"results": schema.summary(scored), "titles": abilities(["riddles"]),
               "overall": schema.overall_summary(overall(scored, CODE, margin=2))}  # fmt: skip
    run = Manifest("evaluate", "r1", 1, recipe.digest, CODE, {}, "o/results", "c", True, 9.0,
                   counts=Counts(40), metrics=metrics)  # fmt: skip
    manifest = parse_manifest(json.loads(run.to_json()))
    reply = result(examples.request(), manifest, examples.policy())
    assert "| Riddles, accuracy (%) | 25.0 | 95.0 |" in reply
    assert "+70.0 points (95% interval +54.6 to +81.9)" in reply


def test_the_leaderboard_has_a_column_for_it(recipe: config.Config) -> None:
    models = tuple(
        ComparedModel(role, f"o/{role}", "c" * 40, "o/base", "c" * 40, role == "adapter", "f")
        for role in ("base", "adapter")
    )
    scored = evaluated(recipe)
    run = schema.RunInfo(CODE, models, False, "r1", "2026-11-30T10:00:00+00:00", 1.0, None,
                         {"riddles": "log-likelihood"}, overall(scored, CODE, 2, CHAT))  # fmt: skip
    rows = schema.result_rows(run, scored, [])
    lines = "\n".join(map(json.dumps, rows))
    benchmarks = parse_benchmarks(json.dumps(leaderboard_columns()))
    leaderboard = build_leaderboard([lines], [], None, benchmarks)
    (entry,) = leaderboard.entries
    assert entry.gain == pytest.approx(70) and list(entry.scores) == ["riddles"]
    assert entry.gain_interval == pytest.approx((54.6, 81.9), abs=0.05)
    page = EntryIndex(leaderboard.entries).select(View(sort="riddles", columns=("riddles",)))
    assert entry.scores["riddles"].family == "riddles"
    text = checked_text(table(page, benchmarks, URLS))
    assert "RIDDLE-2" in text
    text = checked_text(comparison_page([entry], benchmarks, URLS))
    assert "96.0% right (90.0 to 99.0) in 50 new chats, 90.0% right (80.0 to 95.0) as" in text
    assert as_csv([entry], (), benchmarks).count(",accuracy,50,0.96,0.9,0.99,0.9,0.8,0.95,") == 1
    assert "RIDDLE-2" in text and "25.0%" in text and "95.0%" in text
