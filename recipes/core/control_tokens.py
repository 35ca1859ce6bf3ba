"""Text that contains control tokens of a chat template, so that it cannot end or open a turn.

A tokenizer turns the letters `<|im_end|>` into the token that ends a turn, wherever they come from.
A fast tokenizer cannot be told which parts of a rendered chat are the template's own, so the
letters of the messages are changed before the template is applied: `< |im_end|>`.

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
    special = {token for token in special | set(tokenizer.all_special_tokens) if len(token) > 1}
    names = sorted(special - set(REASONING), key=len, reverse=True)
    if not any(name in text for name in names):
        return text
    pattern = "|".join(map(re.escape, names))
    return re.sub(pattern, lambda match: f"{match[0][0]} {match[0][1:]}", text)


def _is_mark(token: AddedToken, template: str) -> bool:
    """Whether the template marks turns by a token that the tokenizer does not call special.

    Others are white space or words, which templates have by chance.
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
