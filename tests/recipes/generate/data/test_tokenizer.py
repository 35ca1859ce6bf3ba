"""Texts are truncated to a limit in tokens, in whole letters."""

from __future__ import annotations

import time

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from recipes.generate.data.tokenizer import (
    BYTE_TOKENIZER,
    MAX_LETTERS,
    ModelTokenizer,
    TextTokenizer,
    fits,
)

PROSE = "The river runs past the old mill, and nobody remembers who built it. " * 40
GEORGIAN = "მდინარე ძველ წისქვილთან მიედინება. " * 40
HINDI = "नदी पुरानी चक्की के पास से बहती है। " * 40
FACES = "😀👩‍🌾" * 200
LONG = "The end. " * 6_000_000


def byte_tokenizer() -> Tokenizer:
    """Return a vocabulary of bytes and some English words, like that of most models."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([PROSE], trainer)
    return tokenizer


@pytest.mark.parametrize("tokens", [BYTE_TOKENIZER, ModelTokenizer(byte_tokenizer())])
@pytest.mark.parametrize("text", [PROSE, GEORGIAN, HINDI, FACES, "", "a" * 500, " " * 500])
@pytest.mark.parametrize("max_tokens", [1, 3, 20, 101])
def test_a_text_is_truncated_to_the_longest_start(
    tokens: TextTokenizer, text: str, max_tokens: int
) -> None:
    cut = tokens.truncate(text, max_tokens)
    assert text.startswith(cut)
    assert tokens.count(cut) <= max_tokens
    more = text[: len(cut) + 12]  # no letter has more than some marks and joiners
    assert tokens.count(more) > max_tokens or cut == text or len(cut) >= max_tokens * MAX_LETTERS


def test_a_letter_keeps_its_marks() -> None:
    assert [BYTE_TOKENIZER.truncate("abcdने", most) for most in (1, 2, 3)] == [
        "abcd",
        "abcd",
        "abcdने",
    ]
    assert BYTE_TOKENIZER.truncate("\u0301" * 50, 1) == ""


def test_a_very_long_text_is_truncated_quickly() -> None:
    tokens, began = ModelTokenizer(byte_tokenizer()), time.process_time()
    assert len(tokens.truncate(LONG, 1000)) < 9_000
    assert not fits(tokens, [LONG], 1000) and fits(tokens, [PROSE] * 2, 10_000)
    assert time.process_time() - began < 5, "only the start of a text may be tokenized"
