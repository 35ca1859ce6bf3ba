"""Text that contains control tokens of a chat template, so that it cannot end or open a turn.

A tokenizer turns the letters `<|im_end|>` into the token that ends a turn, wherever they come from.
A fast tokenizer cannot be told which parts of a rendered chat are the template's own, so the
letters of the messages are changed before the template is applied: `< |im_end|>`. Some tokenizers
look for control tokens in what their normalizer makes of a text, such as `＜|im_end|＞`.

`recipes/core` and `spaces/chat` have identical copies of this file; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import AddedToken, PreTrainedTokenizerBase

# Our own rows have their reasoning between these, which some tokenizers list as control tokens.
REASONING = ("<think>", "</think>")


def without_control_tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """Return the text with a space after the first letter of each control token."""
    added, template = tokenizer.added_tokens_decoder.values(), str(tokenizer.chat_template)
    special = {token.content for token in added if token.special or _is_mark(token, template)}
    special |= set(tokenizer.all_special_tokens)
    normalizer = tokenizer.backend_tokenizer.normalizer if tokenizer.is_fast else None
    normalized = text
    if normalizer is not None:
        normalized = normalizer.normalize_str(text)
        special |= {normalizer.normalize_str(token) for token in special}
    stripped = {token.strip(" \n▁") for token in special} - set(REASONING)
    names = sorted((name for name in stripped if len(name) > 1), key=len, reverse=True)
    if not any(name in text or name in normalized for name in names):
        return text
    pattern = re.compile("|".join(map(re.escape, names)))
    while pattern.search(normalized):  # one name may contain another
        normalized = pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", normalized)
    return normalized


def _is_mark(token: AddedToken, template: str) -> bool:
    """Whether the template marks turns by a token that the tokenizer does not call special.

    Other such tokens are white space or words, which templates contain by chance.
    """
    return (
        not token.content[:1].isalnum()
        and bool(token.content.strip())
        and token.content in template
    )


def clean_chats(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[Sequence[dict[str, Any]]]
) -> list[list[dict[str, Any]]]:
    """Return chats whose messages contain no control tokens."""
    return [
        [
            {**message, "content": without_control_tokens(tokenizer, str(message["content"]))}
            for message in messages
        ]
        for messages in chats
    ]
