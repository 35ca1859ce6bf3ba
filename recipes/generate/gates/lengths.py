"""A translation is about as long as its original, in tokens.

The paper keeps 0.75 to 25 tokens for each of the original's, in the tokens of the student: a byte
level vocabulary takes a script that it hardly knows to pieces, hence the 25. With `tokenizer` in
the recipe these are that model's tokens. Without, a token is four bytes of UTF-8, about what such
a vocabulary makes of English; then the ratio is that of the bytes, narrower than the paper's, since
nothing is taken to pieces. A few tokens of slack keep "Thank you very much" from being judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from recipes.generate.row import Draft
from recipes.refusal import Refusal

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Counter = Callable[[str], float]
BYTES_PER_TOKEN = 4


def ratio(draft: Draft, count: Counter, between: tuple[float, float], slack: float) -> str | None:
    """Each translation has so many tokens for one of its original's."""
    smallest, largest = between
    for original, translation in draft.pairs:
        had, has = count(original), count(translation)
        if not smallest * had - slack <= has <= largest * had + slack:
            return "length_ratio"
    return None


def by_bytes(text: str) -> float:
    """How many tokens there would be of four bytes each."""
    return len(text.encode()) / BYTES_PER_TOKEN


def counter(api: HfApi, repo: str | None, commits: dict[str, str]) -> Counter:
    """Counts by the tokenizer of a model on the Hub, whose commit is noted; by bytes without one.

    Raises Refusal when there is no such tokenizer.
    """
    if repo is None:
        return by_bytes
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
    from tokenizers import Tokenizer

    try:
        sha = str(api.model_info(repo).sha)
        path = api.hf_hub_download(repo, "tokenizer.json", revision=sha)
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise Refusal(f"`gates.tokenizer` is {repo!r}, which has no tokenizer.json.") from error
    commits[repo] = sha
    tokenizer = Tokenizer.from_file(path)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
