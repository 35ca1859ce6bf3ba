"""What the recipes write is what the Spaces read: real files, and no imitation of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adapters import example_questions
from benchmarks import FIRST_BENCHMARKS
from entries import build_leaderboard, parse_results_file
from huggingface_hub import RepoCard
from model_cards import ModelCard, parse_card
from model_registry import MAX_ROWS, TEST_FILE
from parquet_rows import REPLAY_FOLDER, first_rows
from review_samples import parse_rows

from recipes.generate.gates.reasons import gate_of
from recipes.generate.publish import parquet
from recipes.generate.schema import Message, Row
from recipes.generate.sources import backtranslation, text_tasks
from recipes.review import card

ORIGIN = parquet.RunColumns(1, 0.5, 100, "a recipe")


def row(source: str, number: int) -> Row:
    question = Message(role="user", content=f"Question {number} of {source}?")
    answer = Message(role="assistant", content="Answer.")
    return Row(source, f"{source}/{number}", "a teacher", (question, answer))


# Failed before: the chat looked for its examples where generate writes nothing.
@pytest.mark.parametrize("source", parquet.SOURCE_NAMES)
def test_chat_finds_its_examples_in_what_generate_writes(source: str, tmp_path: Path) -> None:
    rows = [(row(source, number), None) for number in range(40)]
    parquet.write(tmp_path, rows, 0.5, ORIGIN)
    paths = [path for path in parquet.all_paths() if (tmp_path / path).exists()]
    found = [path for path in paths if TEST_FILE.fullmatch(path)]
    assert found == ([] if source == REPLAY_FOLDER else [f"{source}/test.parquet"])
    for path in found:
        messages = first_rows(str(tmp_path / path), MAX_ROWS, ["messages"])["messages"]
        assert all(text.startswith("Question") for text in example_questions(messages))
        assert example_questions(messages)


def test_chat_never_shows_rejected_rows(tmp_path: Path) -> None:
    parquet.write(tmp_path, [(row("topics", 1), "other_language")], 0.5, ORIGIN)
    assert gate_of("other_language")
    assert (tmp_path / "rejected" / "train.parquet").exists()
    assert not TEST_FILE.fullmatch("rejected/train.parquet")


# Failed before: speakers were asked about answers in English.
@pytest.mark.parametrize(
    ("source", "prompt", "shown"),
    [
        (text_tasks.SOURCE, "0/translate/3", False),
        (text_tasks.SOURCE, "0/summarise/3", True),
        (backtranslation.SOURCE, "12/into_english", False),
        (backtranslation.SOURCE, "12/from_english", True),
    ],
)
def test_review_page_leaves_out_answers_in_english(
    source: str, prompt: str, shown: bool, tmp_path: Path
) -> None:
    written = replace(row(source, 1), prompt_id=f"{source}/{prompt}")
    parquet.write(tmp_path, [(written, None)], 0.0, ORIGIN)
    assert bool(parse_rows(str(tmp_path / source / "train.parquet"))) is shown


@pytest.mark.parametrize("is_reviewed", [True, False])
@pytest.mark.parametrize("tags", ["", "tags:\n- lora\n", "tags: [reviewed-by-speakers]\n"])
def test_reviewed_adapter_is_marked_on_the_leaderboard(tags: str, is_reviewed: bool) -> None:
    text = card.tagged(f"---\nlicense: mit\n{tags}---\n# Model\n", is_reviewed)
    metadata = RepoCard(text).data.to_dict()
    assert parse_card(metadata) == ModelCard("mit", is_reviewed)
    assert ("lora" in metadata.get("tags", [])) == ("lora" in tags)


# Failed before: `generate --out DIR` deleted every `DIR/*/*.parquet`, whoever's it was.
@pytest.mark.parametrize(
    "path", ["mine/data.parquet", "topics/mine.parquet", "staging/x", "scratch/x", "notes.md"]
)
def test_generate_deletes_only_its_own_files(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text("mine")
    for number in range(2):
        parquet.write(tmp_path, [(row("topics", number), None)], 0.0, ORIGIN)
    assert (tmp_path / path).read_text() == "mine"
    assert (tmp_path / "topics" / "train.parquet").exists()


# Failed before: only the order of two entries made a version, and promote leaves one.
@pytest.mark.parametrize(("version", "badge"), [("v1", (1, 1)), ("v2", (2, 2)), ("v12", (12, 12))])
def test_version_of_a_promoted_adapter_reaches_the_leaderboard(
    version: str, badge: tuple[int, int]
) -> None:
    shown: dict[str, Any] = {
        "language": "gla_Latn",
        "role": "adapter",
        "model": "org/kakugo-gla",
        "benchmark": "sib200",
        "metric": "accuracy",
        "value": 0.5,
        "revision": "a" * 40,
        "evaluated_at": "2026-01-01T00:00:00+00:00",
        "practice": False,
        "version": version,
    }
    file = parse_results_file(json.dumps(shown).encode(), FIRST_BENCHMARKS)
    (entry,) = build_leaderboard([file], [], {}, FIRST_BENCHMARKS).entries
    assert (entry.version, entry.version_count) == badge
