"""Chat rows become token ids and labels: the loss is on what the assistant says and nowhere else.

The assistant's spans are found by rendering a conversation up to each of its turns, so any chat
template will do, with or without `{% generation %}` markers (most models ship none). Nothing here
may know about models, trainers or the Hub.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

IGNORED = -100  # what torch's cross entropy skips
Message = dict[str, str]
Span = tuple[int, int]


@dataclass(frozen=True)
class Examples:
    """Token ids and labels of the rows that can be learnt from; `dropped` counts the others."""

    input_ids: list[list[int]]
    labels: list[list[int]]
    dropped: dict[str, int]

    @property
    def tokens(self) -> int:
        """Tokens of one epoch, prompts included."""
        return sum(map(len, self.input_ids))

    def ordered(self, rows: Sequence[int]) -> Examples:
        """These rows in this order."""
        ids, labels = self.input_ids, self.labels
        return Examples([ids[row] for row in rows], [labels[row] for row in rows], self.dropped)


def tokenise(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[list[Message]], max_length: int
) -> Examples:
    """Render, tokenise, cut at `max_length` tokens; drop a row when no assistant token is left."""
    if not conversations:
        return Examples([], [], {})
    texts = _render(tokenizer, conversations, answering=False)
    spans = _assistant_spans(tokenizer, conversations, texts)
    encoded = tokenizer(texts, add_special_tokens=False, truncation=True, max_length=max_length)
    rows = [_labelled(encoded, row, spans[row]) for row in range(len(texts))]
    kept = [(ids, labels) for ids, labels in rows if any(label != IGNORED for label in labels)]
    dropped = (
        {"no_answer_within_max_length": len(rows) - len(kept)} if len(rows) > len(kept) else {}
    )
    return Examples([ids for ids, _ in kept], [labels for _, labels in kept], dropped)


def in_batches(examples: Examples, size: int, window: int, seed: int) -> Examples:
    """Put the rows into the order in which they are batched: like lengths together, else at random.

    The rows of `window` batches are sorted by length together, then the batches are shuffled:
    little padding, and no batch is like the one before. The last, smaller batch stays last.
    """
    random = Random(seed)
    order = random.sample(range(len(examples.input_ids)), len(examples.input_ids))
    sorted_ = [
        row
        for start in range(0, len(order), size * window)
        for row in sorted(
            order[start : start + size * window], key=lambda row: len(examples.input_ids[row])
        )
    ]
    batches = [sorted_[start : start + size] for start in range(0, len(sorted_), size)]
    whole = batches[:-1]
    random.shuffle(whole)
    return examples.ordered([row for batch in [*whole, batches[-1]] for row in batch])


def _assistant_spans(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[list[Message]], texts: list[str]
) -> list[list[Span]]:
    """For each text the (start, end) characters of the assistant's turns, ends of turn included."""
    turns = [
        (row, turn)
        for row, messages in enumerate(conversations)
        for turn, message in enumerate(messages)
        if message["role"] == "assistant"
    ]
    asked = [conversations[row][:turn] for row, turn in turns]
    answered = [conversations[row][: turn + 1] for row, turn in turns]
    before = _render(tokenizer, asked, answering=True)
    upto = _render(tokenizer, answered, answering=False)
    spans: list[list[Span]] = [[] for _ in texts]
    for (row, _), start, end in zip(turns, before, upto, strict=True):
        spans[row].append((_shared(start, texts[row]), _shared(end, texts[row])))
    return spans


def _render(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[list[Message]], answering: bool
) -> list[str]:
    if not conversations:
        return []
    rendered: Any = tokenizer.apply_chat_template(
        list(conversations), tokenize=False, add_generation_prompt=answering
    )
    return list(rendered)


def _shared(prefix: str, text: str) -> int:
    """How many characters of `prefix` begin `text`: all, but for templates that edit the past."""
    return len(prefix) if text.startswith(prefix) else len(os.path.commonprefix([prefix, text]))


def _labelled(encoded: BatchEncoding, row: int, spans: list[Span]) -> tuple[list[int], list[int]]:
    ids: list[int] = encoded["input_ids"][row]
    labels = [IGNORED] * len(ids)
    for start, end in spans:
        first = _token(encoded, row, range(start, end))
        last = _token(encoded, row, range(end - 1, start - 1, -1))
        if first is not None and last is not None:
            labels[first : last + 1] = ids[first : last + 1]
    return ids, labels


def _token(encoded: BatchEncoding, row: int, characters: range) -> int | None:
    """The token of the first of these characters that has one: blanks and cut text have none."""
    tokens = (encoded.char_to_token(row, character) for character in characters)
    return next((token for token in tokens if token is not None), None)
