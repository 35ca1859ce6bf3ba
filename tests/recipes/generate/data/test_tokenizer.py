"""A limit in tokens: the longest beginning that keeps it, in whole letters, of any text."""

from __future__ import annotations

import time

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from recipes.generate.data.tokenizer import MOST, OF_BYTES, OfModel, Tokens, fit

PROSE = "The river runs past the old mill, and nobody remembers who built it. " * 40
GEORGIAN = "მდინარე ძველ წისქვილთან მიედინება. " * 40
HINDI = "नदी पुरानी चक्की के पास से बहती है। " * 40
FACES = "😀👩‍🌾" * 200
LONG = "The end. " * 6_000_000


def byte_tokenizer() -> Tokenizer:
    """A vocabulary of bytes and of some English words, as those of most models are."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.post_processor = processors.ByteLevel(trim_offsets=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator([PROSE], trainer)
    return made


@pytest.mark.parametrize("tokens", [OF_BYTES, OfModel(byte_tokenizer())])
@pytest.mark.parametrize("text", [PROSE, GEORGIAN, HINDI, FACES, "", "a" * 500, " " * 500])
@pytest.mark.parametrize("most", [1, 3, 20, 101])
def test_a_text_is_cut_to_the_longest_beginning(tokens: Tokens, text: str, most: int) -> None:
    cut = tokens.first(text, most)
    assert text.startswith(cut)
    assert tokens.count(cut) <= most
    more = text[: len(cut) + 12]  # no letter has more than some marks and joiners
    assert tokens.count(more) > most or cut == text or len(cut) >= most * MOST


def test_a_letter_keeps_its_marks() -> None:
    assert [OF_BYTES.first("abcdने", most) for most in (1, 2, 3)] == ["abcd", "abcd", "abcdने"]
    assert OF_BYTES.first("\u0301" * 50, 1) == ""


def test_no_text_is_too_long_to_be_cut() -> None:
    tokens, began = OfModel(byte_tokenizer()), time.process_time()
    assert len(tokens.first(LONG, 1000)) < 9_000
    assert not fit(tokens, [LONG], 1000) and fit(tokens, [PROSE] * 2, 10_000)
    assert time.process_time() - began < 5, "only the beginning may be looked at"
