"""From figures to a word; and what a tokenizer does to a script."""

from __future__ import annotations

import pytest

from recipes.check.advice import Advice, Reason, advise
from recipes.check.fertility import fertility
from recipes.check.settings import Floors, parse
from recipes.core.errors import UserError
from tests.recipes.conftest import byte_tokenizer

HOPELESS = Floors(script=0.5, round_trip=20)
DOUBTFUL = Floors(script=0.9, chrf=30, round_trip=45, fertility=4, bytes=0.3)
WELL: dict[str, float | None] = {
    "script": 1.0,
    "chrf": 50.0,
    "round_trip": 60.0,
    "fertility": 2.0,
    "bytes": 0.0,
}


def test_nothing_short_of_its_floor_is_good() -> None:
    assert advise(WELL, HOPELESS, DOUBTFUL) == Advice("good")


@pytest.mark.parametrize(
    ("what", "seen", "word"),
    [
        ("script", 0.8, "doubtful"),
        ("script", 0.4, "hopeless"),
        ("round_trip", 44.9, "doubtful"),
        ("round_trip", 19.0, "hopeless"),
        ("chrf", 29.0, "doubtful"),
        ("fertility", 4.1, "doubtful"),
        ("bytes", 0.9, "doubtful"),
        ("script", None, "good"),
        ("tokens_per_second", 0.0, "good"),
    ],
)
def test_one_thing_that_is_short_is_named(what: str, seen: float | None, word: str) -> None:
    advice = advise({**WELL, what: seen}, HOPELESS, DOUBTFUL)
    assert advice.word == word
    assert [reason.what for reason in advice.reasons] == ([] if word == "good" else [what])


def test_the_reason_says_what_was_seen_and_wanted() -> None:
    advice = advise({**WELL, "script": 0.8}, HOPELESS, DOUBTFUL)
    assert advice.reasons == (Reason("script", 0.8, 0.9),)


def test_fertility_is_counted_against_the_same_sentences_in_english() -> None:
    tokenizer = byte_tokenizer()
    plain = fertility(tokenizer, ["abcd", "ef"], ["abc"])
    assert (plain.times, plain.bytes) == (2.0, 0.0)
    tibetan = fertility(tokenizer, ["བོད"], ["abc"])
    assert (tibetan.times, tibetan.bytes) == (3.0, 1.0), "three bytes a letter, none of them whole"
    alone = fertility(tokenizer, ["བོད"], [])
    assert (alone.times, alone.a_letter) == (None, 3.0), "without English only tokens a letter"
    nothing = fertility(tokenizer, [], ["abc"])
    assert (nothing.times, nothing.bytes) == (None, None)


def test_a_wrong_key_is_named() -> None:
    section = {"known": {}, "sentences": 1, "lists": 1, "hopeless": {"chr": 1}, "doubtful": {}}
    with pytest.raises(UserError, match=r"check\.hopeless"):
        parse(section)
