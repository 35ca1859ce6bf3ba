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


def row(asked: str, said: str, source: str = "topics") -> Row:
    """One exchange."""
    turns = (Message(role="user", content=asked), Message(role="assistant", content=said))
    return Row(source, "p", "t", turns)


def text(rng: Random, words: int) -> str:
    """Some words."""
    return " ".join(rng.choices(WORDS, k=words))


def found(rows: list[Row], scratch: Path) -> dict[int, int]:
    """Which row is near which."""
    near = NearDuplicates(SETTINGS, scratch / "signatures")
    for one in rows:
        near.add(one)
    return near.find(rows.__getitem__)


def edited(rng: Random, said: str) -> str:
    """The text with one word changed."""
    words = said.split()
    words[rng.randrange(len(words))] = "xyz"
    return " ".join(words)


def test_near_rows_are_found_across_sources_and_others_are_not(tmp_path: Path) -> None:
    rng = Random(1)
    rows = [row(text(rng, 12), text(rng, 60)) for _ in range(1500)]
    planted = rng.sample(range(len(rows)), 300)
    for place in planted:
        asked, said = (turn["content"] for turn in rows[place].turns)
        rows.append(row(f"{asked.upper()} !", edited(rng, said), "scenarios"))
    near = found(rows, tmp_path)
    right = sum(near.get(1500 + number) == place for number, place in enumerate(planted))
    assert right >= 0.99 * len(planted)
    assert not [place for place in near if place < 1500]
    assert not list(tmp_path.iterdir())


def test_one_text_with_two_questions_and_one_answer_to_two_texts_both_stay(tmp_path: Path) -> None:
    rng = Random(2)
    long, answer = text(rng, 200), text(rng, 30)
    rows = [row(f"{long}\nKiu?", text(rng, 30)), row(f"{long}\nKio?", text(rng, 30))]
    rows += [row(text(rng, 30), answer), row(text(rng, 30), answer)]
    assert found(rows, tmp_path) == {}


def test_the_first_of_a_crowd_stays(tmp_path: Path) -> None:
    rng = Random(3)
    asked, said = text(rng, 20), text(rng, 80)
    crowd = [row(asked, edited(rng, said)) for _ in range(40)]
    assert set(found(crowd, tmp_path)) == set(range(1, 40))


@pytest.mark.parametrize("rows", [[], [row("a", "")], [row("?", "!"), row("!", "?")]])
def test_nothing_much_is_no_trouble(rows: list[Row], tmp_path: Path) -> None:
    assert set(found(rows, tmp_path)) <= {1}


@pytest.mark.parametrize(
    ("asked", "said", "thresholds"),
    [
        ("ABCDEFGHIJ!", "the same answer", [0.5, 0.8, 1.0]),
        ("abcdefghijk", "the same answer", [0.5, 0.8]),  # six runs in common of seven
        ("abcdefghij", "said otherwise", []),
    ],
)
def test_how_alike_two_rows_are(asked: str, said: str, thresholds: list[float]) -> None:
    one, other = row("abcdefghij", "the same answer"), row(asked, said)
    near = [
        threshold
        for threshold in (0.5, 0.8, 1.0)
        if are_near_duplicates(one, other, replace(SETTINGS, threshold=threshold))
    ]
    assert near == thresholds
    assert not are_near_duplicates(one, replace(other, messages=other.messages * 2), SETTINGS)
