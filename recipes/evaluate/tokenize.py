"""Tokenize prompts and options, the same way for every backend.

If the last letters of a prompt and the first of an option merged into one token, a model would have
to predict tokens that it never writes there. Such a prompt is cut earlier, at the same place for
all options of the item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recipes.core.benchmarks.tasks import Item
from recipes.core.control_tokens import clean_chats, without_control_tokens
from recipes.core.errors import Unworkable
from recipes.core.model_loading import REFUSALS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = list[int]


@dataclass(frozen=True)
class Choice:
    """A prompt and its possible continuations; none is empty."""

    prompt: Ids
    options: tuple[Ids, ...]


def prompts(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[Ids]:
    """Tokenize the chat of each item up to where the model starts to answer."""
    return ids(tokenizer, rendered(tokenizer, items))


def choices(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[Choice]:
    """Tokenize the chat of each item, with its options as continuations."""
    texts = rendered(tokenizer, items)
    tails = [_tail(tokenizer, text) for text in texts]
    continued = iter(
        ids(
            tokenizer,
            [
                tail + without_control_tokens(tokenizer, option)
                for item, tail in zip(items, tails, strict=True)
                for option in item.answers
            ],
        )
    )
    return [
        _choice(prompt, tail, [next(continued) for _ in item.answers])
        for item, prompt, tail in zip(
            items, ids(tokenizer, texts), ids(tokenizer, tails), strict=True
        )
    ]


def _choice(prompt: Ids, tail: Ids, continued: Sequence[Ids]) -> Choice:
    """Cut at the last place where the tail agrees with all its continuations."""
    shared = min(min(_common_length(tail, ids), len(ids) - 1) for ids in continued)
    cut = len(prompt) - len(tail) + shared
    return Choice(prompt[:cut], tuple(ids[shared:] for ids in continued))


def _common_length(left: Ids, right: Ids) -> int:
    """Return the number of tokens with which both lists start."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))


def _tail(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """Return the text from its last added token on: nothing before it changes how it is split."""
    return text[max([0, *(text.rfind(token) for token in tokenizer.added_tokens_encoder)]) :]


def ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[Ids]:
    """Tokenize texts as they are, without adding special tokens."""
    tokens: list[Ids] = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
    return tokens


def most_new_tokens(
    tokenizer: PreTrainedTokenizerBase, items: Sequence[Item], at_least: int
) -> int:
    """Return how many tokens an answer may have: room for twice the longest reference."""
    longest = max(map(len, ids(tokenizer, [item.reference for item in items])), default=0)
    return max(at_least, 2 * longest)


def rendered(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[str]:
    """Render the chat of each item as text; raise UserError if the template rejects it."""
    chats = clean_chats(tokenizer, [item.messages for item in items])
    try:
        texts: Any = tokenizer.apply_chat_template(
            chats, tokenize=False, add_generation_prompt=True
        )
    except REFUSALS as error:
        raise Unworkable(
            f"The chat template of {tokenizer.name_or_path} rejects the recipe's chats ({error}): "
            "change `system` or `shots` in its evaluate section."
        ) from error
    return list(texts)
