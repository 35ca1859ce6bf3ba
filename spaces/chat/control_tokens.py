"""Text that contains control tokens of a chat template, so that it cannot end or open a turn.

A tokenizer turns the letters `<|im_end|>` into the token that ends a turn, wherever they come from.
A fast tokenizer cannot be told which parts of a rendered chat are the template's own, so the
letters of the messages are changed before the template is applied: `< |im_end|>`. The recipes
do the same (`recipes/core/control_tokens.py`).
"""

from __future__ import annotations

import re
from typing import Any

# Our own rows have their reasoning between these, which some tokenizers list as control tokens.
REASONING = ("<think>", "</think>")


def without_control_tokens(tokenizer: Any, text: str) -> str:
    """Return the text with a space after the first letter of each control token."""
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    special = {token for token in special | set(tokenizer.all_special_tokens) if len(token) > 1}
    names = sorted(special - set(REASONING), key=len, reverse=True)
    if not any(name in text for name in names):
        return text
    pattern = "|".join(map(re.escape, names))
    return re.sub(pattern, lambda match: f"{match[0][0]} {match[0][1:]}", text)
