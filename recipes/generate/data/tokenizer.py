"""Texts counted and cut in tokens: those of a model on the Hub, or of four bytes each without one.

Four bytes are about what a byte level vocabulary makes of English. However long a text is, only as
much of it is looked at as a limit in tokens can need.
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

BYTES = 4  # of a token where there is no tokenizer
USUAL, MOST = 4, 32  # letters of a token: of many, and more than of any run of words


class Tokens(Protocol):
    """How a text is counted and cut."""

    def count(self, text: str) -> float:
        """How many tokens the text has."""
        ...

    def first(self, text: str, most: int) -> str:
        """The beginning of the text that has at most so many tokens, in whole letters."""
        ...

    def close(self) -> None:
        """No more texts: give back the memory."""
        ...


class OfBytes:
    """Tokens of four bytes of UTF-8."""

    def count(self, text: str) -> float:
        """How many there are, the last one in part."""
        return len(text.encode()) / BYTES

    def first(self, text: str, most: int) -> str:
        """The beginning with at most so many."""
        start = text[: most * BYTES].encode()[: most * BYTES].decode(errors="ignore")
        return _whole_letters(text, len(start))

    def close(self) -> None:
        """Nothing to give back."""


OF_BYTES = OfBytes()


class OfModel:
    """Tokens of a model's vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def count(self, text: str) -> float:
        """How many there are."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def first(self, text: str, most: int) -> str:
        """The beginning with at most so many, and never of more than `MOST` letters each."""
        size = most * USUAL
        while True:
            found = self._tokenizer.encode(text[:size], add_special_tokens=False).offsets
            if len(found) > most:  # a letter may be several tokens, and all of them must fit
                return _whole_letters(text, min(found[most - 1][1], found[most][0]))
            if size >= min(len(text), most * MOST):
                return _whole_letters(text, size)
            size *= 2

    def close(self) -> None:
        """Give back the 60 MB of a usual vocabulary, which the C library alone would keep."""
        del self._tokenizer
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc's
            trim(0)


def load(api: HfApi, repo: str | None, commits: dict[str, str]) -> Tokens:
    """The tokens of a model on the Hub, at the commit that is noted or, from now on, its newest.

    Raises UserError when it has no tokenizer.
    """
    if repo is None:
        return OF_BYTES
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
    from tokenizers import Tokenizer

    try:
        sha = commits.get(repo) or str(api.model_info(repo).sha)
        path = api.hf_hub_download(repo, "tokenizer.json", revision=sha)
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise UserError(f"`gates.tokenizer` is {repo!r}, which has no tokenizer.json.") from error
    commits[repo] = sha
    return OfModel(Tokenizer.from_file(path))


def fit(tokens: Tokens, texts: Sequence[str], most: int) -> bool:
    """Whether the texts together have at most so many tokens."""
    return sum(map(len, texts)) <= most * MOST and sum(map(tokens.count, texts)) <= most


def _whole_letters(text: str, end: int) -> str:
    """The text up to there; a letter goes with its marks or not at all."""
    while 0 < end < len(text) and unicodedata.category(text[end])[0] == "M":
        end -= 1
    return text[:end]
