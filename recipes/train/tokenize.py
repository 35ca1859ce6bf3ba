"""Turn chats into token ids and labels; only the assistant's turns have a loss.

The assistant's spans are found by rendering a chat up to each of its turns. So any chat template
works, with or without `{% generation %}` markers, which most models lack. This module must not know
about models, trainers or the Hub.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from recipes.core.control_tokens import clean_chats

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

IGNORED = -100  # torch's cross entropy skips this label
Message = dict[str, str]
Span = tuple[int, int]


@dataclass(frozen=True)
class Examples:
    """Token ids and labels of the rows to train on; `dropped` counts the other rows by reason."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    dropped: dict[str, int]

    @property
    def tokens(self) -> int:
        """Tokens of one epoch, prompts included."""
        return sum(map(len, self.input_ids))

    def select(self, rows: Sequence[int]) -> Examples:
        """Return these rows, in this order."""
        ids, labels = self.input_ids, self.labels
        return Examples([ids[row] for row in rows], [labels[row] for row in rows], self.dropped)


def tokenize_chats(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[list[Message]], max_length: int
) -> Examples:
    """Render, tokenize and truncate to `max_length` tokens; drop rows without an answer token."""
    if not chats:
        return Examples([], [], {})
    texts = _render(tokenizer, chats, add_generation_prompt=False)
    spans = _assistant_spans(tokenizer, chats, texts)
    encoded = tokenizer(texts, add_special_tokens=False, truncation=True, max_length=max_length)
    rows = [_label(encoded, row, spans[row]) for row in range(len(texts))]
    kept = [(ids, labels) for ids, labels in rows if any(label != IGNORED for label in labels)]
    dropped = (
        {"no_answer_within_max_length": len(rows) - len(kept)} if len(rows) > len(kept) else {}
    )
    return Examples([ids for ids, _ in kept], [labels for _, labels in kept], dropped)


def order_for_batches(examples: Examples, size: int, window: int, seed: int) -> Examples:
    """Order the rows so that each batch of `size` holds rows of similar length.

    The rows are shuffled, those of `window` batches are sorted by length together, and the batches
    are shuffled: this needs little padding. The last batch, which may be smaller, stays last.
    """
    random = Random(seed)
    order = random.sample(range(len(examples.input_ids)), len(examples.input_ids))
    by_length = [
        row
        for start in range(0, len(order), size * window)
        for row in sorted(
            order[start : start + size * window], key=lambda row: len(examples.input_ids[row])
        )
    ]
    batches = [by_length[start : start + size] for start in range(0, len(by_length), size)]
    full = batches[:-1]
    random.shuffle(full)
    return examples.select([row for batch in [*full, batches[-1]] for row in batch])


def _assistant_spans(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[list[Message]], texts: list[str]
) -> list[list[Span]]:
    """Return each text's (start, end) characters of the assistant's turns, end tokens included."""
    turns = [
        (row, turn)
        for row, messages in enumerate(chats)
        for turn, message in enumerate(messages)
        if message["role"] == "assistant"
    ]
    prompts = [chats[row][:turn] for row, turn in turns]
    answered = [chats[row][: turn + 1] for row, turn in turns]
    starts = _render(tokenizer, prompts, add_generation_prompt=True)
    ends = _render(tokenizer, answered, add_generation_prompt=False)
    spans: list[list[Span]] = [[] for _ in texts]
    for (row, _), start, end in zip(turns, starts, ends, strict=True):
        spans[row].append((_common_length(start, texts[row]), _common_length(end, texts[row])))
    return spans


def _render(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[list[Message]], add_generation_prompt: bool
) -> list[str]:
    if not chats:
        return []
    texts: Any = tokenizer.apply_chat_template(
        clean_chats(tokenizer, chats), tokenize=False, add_generation_prompt=add_generation_prompt
    )
    return list(texts)


def _common_length(prefix: str, text: str) -> int:
    """Return how many characters of `prefix` start `text`: all, unless the template edits turns."""
    return len(prefix) if text.startswith(prefix) else len(os.path.commonprefix([prefix, text]))


def _label(encoded: BatchEncoding, row: int, spans: list[Span]) -> tuple[list[int], list[int]]:
    ids: list[int] = encoded["input_ids"][row]
    labels = [IGNORED] * len(ids)
    for start, end in spans:
        first = _first_token(encoded, row, range(start, end))
        last = _first_token(encoded, row, range(end - 1, start - 1, -1))
        if first is not None and last is not None:
            labels[first : last + 1] = ids[first : last + 1]
    return ids, labels


def _first_token(encoded: BatchEncoding, row: int, characters: range) -> int | None:
    """Return the token of the first character that has one; spaces and cut text may have none."""
    tokens = (encoded.char_to_token(row, character) for character in characters)
    return next((token for token in tokens if token is not None), None)
