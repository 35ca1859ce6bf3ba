"""Turn chats into token ids and labels; only the assistant's turns have a loss.

Each answer is found by rendering the chat a second time with a placeholder for it. So any chat
template works, with or without `{% generation %}` markers, which most models lack; one that closes
no answer is refused. This module must not know about models, trainers or the Hub.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from recipes.core.control_tokens import clean_chats
from recipes.core.errors import Unworkable
from recipes.core.model_loading import REFUSALS

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

IGNORED = -100  # torch's cross entropy skips this label
PLACEHOLDER = "\ue000"  # a private-use character, which stands for an answer
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
    """Render, tokenize and truncate to `max_length` tokens; drop rows without an answer token.

    Raises UserError if the chat template cannot render a chat, changes an answer beyond recognition
    or does not close every answer with a control token, so that its end would never be learnt.
    """
    if not chats:
        return Examples([], [], {})
    chats = clean_chats(tokenizer, chats)
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
    placeholder = PLACEHOLDER
    while any(placeholder in text for text in texts):
        placeholder += PLACEHOLDER
    turns = [
        (row, turn)
        for row, messages in enumerate(chats)
        for turn, message in enumerate(messages)
        if message["role"] == "assistant"
    ]
    prompts = [chats[row][:turn] for row, turn in turns]
    marked = [_with_answer(chats[row], turn, placeholder) for row, turn in turns]
    prompt_texts = _render(tokenizer, prompts, add_generation_prompt=True)
    marked_texts = _render(tokenizer, marked, add_generation_prompt=False)
    spans: list[list[Span]] = [[] for _ in texts]
    ends: set[str] = set()
    ending = _ending(tokenizer, placeholder)
    for (row, _), prompt, marked_text in zip(turns, prompt_texts, marked_texts, strict=True):
        text = texts[row]
        before, found, after = marked_text.partition(placeholder)
        if not found or not text.endswith(after):
            raise Unworkable(
                f"The chat template of {tokenizer.name_or_path} does not show where an answer "
                "ends: choose another base, or fix its chat_template.jinja."
            )
        answer_end = len(text) - len(after)
        start = len(prompt) if text.startswith(prompt) else _common_length(before, text)
        end = answer_end + _common_length(ending, after)
        spans[row].append((start, end))
        ends.add(text[answer_end:end])
    _check_ends(tokenizer, ends)
    return spans


def _with_answer(messages: list[Message], turn: int, answer: str) -> list[Message]:
    changed = {**messages[turn], "content": answer}
    return [*messages[:turn], changed, *messages[turn + 1 :]]


def _ending(tokenizer: PreTrainedTokenizerBase, placeholder: str) -> str:
    """Return what the chat template writes after the last answer of a chat."""
    question = {"role": "user", "content": placeholder * 2}
    chat = [question, {"role": "assistant", "content": placeholder}]
    [text] = _render(tokenizer, [chat], add_generation_prompt=False)
    return text.rpartition(placeholder)[2]


def _check_ends(tokenizer: PreTrainedTokenizerBase, ends: set[str]) -> None:
    """Raise UserError if what follows an answer contains no control token that could end it."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values()}
    control = {token for token in added | {*tokenizer.all_special_tokens} if token.strip()}
    if not all(any(token in end for token in control) for end in ends):
        raise Unworkable(
            f"The chat template of {tokenizer.name_or_path} does not close every answer with a "
            "control token such as its eos_token, so a model trained with it would never learn to "
            "stop: choose another base, or fix its chat_template.jinja."
        )


def _render(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[list[Message]], add_generation_prompt: bool
) -> list[str]:
    if not chats:
        return []
    try:
        texts: Any = tokenizer.apply_chat_template(
            list(chats), tokenize=False, add_generation_prompt=add_generation_prompt
        )
    except REFUSALS as error:
        raise Unworkable(
            f"The chat template of {tokenizer.name_or_path} refuses a chat ({error}): choose "
            "another base, or fix its chat_template.jinja."
        ) from error
    return list(texts)


def _common_length(one: str, other: str) -> int:
    """Return how many characters both texts have in common at their start."""
    return len(os.path.commonprefix([one, other]))


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
