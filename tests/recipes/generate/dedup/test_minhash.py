"""Near-duplicates are found in any order of rows; texts that only share much are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from recipes.generate.dedup.minhash import MinhashSettings, NearDuplicates, are_near_duplicates
from recipes.generate.schema import Message, Row

SETTINGS = MinhashSettings(threshold=0.8, letters=5, bands=16, rows=4)
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnpst" for b in ("ari", "ol", "uste") for c in "aeiknrsuz"]


def row(prompt: str, answer: str, source: str = "topics") -> Row:
    """One exchange."""
    turns = (Message(role="user", content=prompt), Message(role="assistant", content=answer))
    return Row(source, "p", "t", turns)


def text(rng: Random, words: int) -> str:
    """Return random words."""
    return " ".join(rng.choices(WORDS, k=words))


def near_duplicates(rows: list[Row], scratch: Path) -> dict[int, int]:
    """Return the near-duplicates, and which row each is near."""
    near = NearDuplicates(SETTINGS, scratch / "signatures")
    for each in rows:
        near.add(each)
    return near.find(rows.__getitem__)


def edited(rng: Random, text: str) -> str:
    """Return the text with one word changed."""
    words = text.split()
    words[rng.randrange(len(words))] = "xyz"
    return " ".join(words)


def test_near_rows_are_found_across_sources_and_others_are_not(tmp_path: Path) -> None:
    rng = Random(1)
    rows = [row(text(rng, 12), text(rng, 60)) for _ in range(1500)]
    planted = rng.sample(range(len(rows)), 300)
    for place in planted:
        prompt, answer = (turn["content"] for turn in rows[place].turns)
        rows.append(row(f"{prompt.upper()} !", edited(rng, answer), "scenarios"))
    near = near_duplicates(rows, tmp_path)
    right = sum(near.get(1500 + number) == place for number, place in enumerate(planted))
    assert right >= 0.99 * len(planted)
    assert not [place for place in near if place < 1500]
    assert not list(tmp_path.iterdir())


def test_two_questions_about_a_text_and_two_texts_with_an_answer_stay(tmp_path: Path) -> None:
    rng = Random(2)
    long, answer = text(rng, 200), text(rng, 30)
    rows = [row(f"{long}\nKiu?", text(rng, 30)), row(f"{long}\nKio?", text(rng, 30))]
    rows += [row(text(rng, 30), answer), row(text(rng, 30), answer)]
    assert near_duplicates(rows, tmp_path) == {}


def test_only_the_first_of_many_similar_rows_stays(tmp_path: Path) -> None:
    rng = Random(3)
    prompt, answer = text(rng, 20), text(rng, 80)
    similar = [row(prompt, edited(rng, answer)) for _ in range(40)]
    assert set(near_duplicates(similar, tmp_path)) == set(range(1, 40))


@pytest.mark.parametrize("rows", [[], [row("a", "")], [row("?", "!"), row("!", "?")]])
def test_few_and_short_rows_are_no_error(rows: list[Row], tmp_path: Path) -> None:
    assert set(near_duplicates(rows, tmp_path)) <= {1}


@pytest.mark.parametrize(
    ("prompt", "answer", "thresholds"),
    [
        ("ABCDEFGHIJ!", "the same answer", [0.5, 0.8, 1.0]),
        ("abcdefghijk", "the same answer", [0.5, 0.8]),  # six of seven n-grams in common
        ("abcdefghij", "another answer", []),
    ],
)
def test_similarity_of_two_rows(prompt: str, answer: str, thresholds: list[float]) -> None:
    first, other = row("abcdefghij", "the same answer"), row(prompt, answer)
    near = [
        threshold
        for threshold in (0.5, 0.8, 1.0)
        if are_near_duplicates(first, other, replace(SETTINGS, threshold=threshold))
    ]
    assert near == thresholds
    assert not are_near_duplicates(first, replace(other, messages=other.messages * 2), SETTINGS)
