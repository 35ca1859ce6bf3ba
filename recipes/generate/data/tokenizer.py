"""Count and truncate texts in tokens of a model, or of four bytes each.

Four bytes are about one token of English in a byte-level vocabulary. Of a long text, only
the part that a limit can need is tokenized.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from recipes.core.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from tokenizers import Tokenizer

BYTES_PER_TOKEN = 4  # where there is no tokenizer
USUAL_LETTERS, MAX_LETTERS = 4, 32  # of one token


class TextTokenizer(Protocol):
    """Counts the tokens of a text and truncates it."""

    def count(self, text: str) -> float:
        """Return the number of tokens."""
        ...

    def truncate(self, text: str, max_tokens: int) -> str:
        """Return the longest prefix of at most `max_tokens`, without splitting a letter."""
        ...

    def close(self) -> None:
        """Free the memory; the tokenizer cannot be used any more."""
        ...


class ByteTokenizer:
    """Tokens of four bytes of UTF-8."""

    def count(self, text: str) -> float:
        """Return the number of tokens, the last one as a fraction."""
        return len(text.encode()) / BYTES_PER_TOKEN

    def truncate(self, text: str, max_tokens: int) -> str:
        """Return the longest prefix of at most `max_tokens`, without splitting a letter."""
        size = max_tokens * BYTES_PER_TOKEN
        start = text[:size].encode()[:size].decode(errors="ignore")
        return _whole_letters(text, len(start))

    def close(self) -> None:
        """Do nothing."""


BYTE_TOKENIZER = ByteTokenizer()


class ModelTokenizer:
    """Tokens of a model's vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def count(self, text: str) -> float:
        """Return the number of tokens."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def truncate(self, text: str, max_tokens: int) -> str:
        """Return the longest prefix of at most `max_tokens` and `MAX_LETTERS` letters per token."""
        size = max_tokens * USUAL_LETTERS
        while True:
            offsets = self._tokenizer.encode(text[:size], add_special_tokens=False).offsets
            if len(offsets) > max_tokens:  # all tokens of the last letter must fit
                end = min(offsets[max_tokens - 1][1], offsets[max_tokens][0])
                return _whole_letters(text, end)
            if size >= min(len(text), max_tokens * MAX_LETTERS):
                return _whole_letters(text, size)
            size *= 2

    def close(self) -> None:
        """Free the 60 MB of a usual vocabulary, which glibc would keep."""
        del self._tokenizer
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)


def load_tokenizer(api: HfApi, repo: str | None, commits: dict[str, str]) -> TextTokenizer:
    """Load the tokenizer of a model at the commit in `commits`, or at its newest, which is added.

    Raises UserError when the model has no `tokenizer.json`.
    """
    if repo is None:
        return BYTE_TOKENIZER
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
    from tokenizers import Tokenizer

    try:
        sha = commits.get(repo) or str(api.model_info(repo).sha)
        path = api.hf_hub_download(repo, "tokenizer.json", revision=sha)
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise UserError(f"`gates.tokenizer` is {repo!r}, which has no tokenizer.json.") from error
    commits[repo] = sha
    return ModelTokenizer(Tokenizer.from_file(path))


def fits(tokenizer: TextTokenizer, texts: Sequence[str], max_tokens: int) -> bool:
    """Whether the texts together have at most `max_tokens`."""
    if sum(map(len, texts)) > max_tokens * MAX_LETTERS:
        return False
    return sum(map(tokenizer.count, texts)) <= max_tokens


def _whole_letters(text: str, end: int) -> str:
    """Return the text up to `end`, without a last letter whose marks are cut off."""
    while 0 < end < len(text) and unicodedata.category(text[end])[0] == "M":
        end -= 1
    return text[:end]
