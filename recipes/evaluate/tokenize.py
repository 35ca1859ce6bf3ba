"""Prompts and options as tokens, the same for every backend.

Where the last letters of a prompt and the first of an option would melt into one token, the prompt
ends earlier, at the same place for all options of an item: otherwise a model is asked for tokens
that it would never write there. Nothing here may know a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError
from recipes.evaluate.benchmarks import Item

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Ids = list[int]


@dataclass(frozen=True)
class Question:
    """A prompt and what may follow it; no option is empty, and each follows the same prompt."""

    prompt: Ids
    options: tuple[Ids, ...]


def prompts(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[Ids]:
    """The chat of each item, up to where the model begins to answer."""
    ids: list[Ids] = tokenizer(_rendered(tokenizer, items), add_special_tokens=False)["input_ids"]
    return ids


def questions(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[Question]:
    """The chat of each item with its options as answers."""
    texts = _rendered(tokenizer, items)
    starts: list[Ids] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    tails = [_tail(tokenizer, text) for text in texts]
    spoken = [
        tail + option for item, tail in zip(items, tails, strict=True) for option in item.answers
    ]
    short: list[Ids] = tokenizer(tails, add_special_tokens=False)["input_ids"]
    whole = iter(tokenizer(spoken, add_special_tokens=False)["input_ids"])
    return [
        _question(start, tail, [next(whole) for _ in item.answers])
        for item, start, tail in zip(items, starts, short, strict=True)
    ]


def _question(prompt: Ids, tail: Ids, wholes: Sequence[Ids]) -> Question:
    """Cut the tokens of tail and option at the last place where all of them agree with the tail."""
    shared = min(min(_agree(tail, whole), len(whole) - 1) for whole in wholes)
    kept = len(prompt) - len(tail) + shared
    return Question(prompt[:kept], tuple(whole[shared:] for whole in wholes))


def _agree(one: Ids, other: Ids) -> int:
    """How many tokens two lists begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _tail(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """The text from its last added token on: nothing before that can change how it is cut."""
    return text[max([0, *(text.rfind(mark) for mark in tokenizer.added_tokens_encoder)]) :]


def _rendered(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[str]:
    from jinja2 import TemplateError

    try:
        texts: Any = tokenizer.apply_chat_template(
            [item.messages for item in items], tokenize=False, add_generation_prompt=True
        )
    except TemplateError as error:
        raise UserError(
            f"The chat template of {tokenizer.name_or_path} refuses how the recipe asks "
            f"({error}): change `system` or `shots` in its evaluate section."
        ) from error
    return list(texts)
