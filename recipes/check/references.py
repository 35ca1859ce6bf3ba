"""Read reference sentences of the language, with their English originals where they exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from huggingface_hub import get_token

from recipes.check.settings import CheckSettings
from recipes.core.errors import Unworkable, UserError
from recipes.core.hub_refs import commit_of, configs, splits
from recipes.core.progress import say
from recipes.core.sampling import sample
from recipes.generate.data.corpora import Corpus, DatasetReader
from recipes.generate.schema import ENGLISH


@dataclass(frozen=True)
class References:
    """Sentences in the language and their originals in the same order; either may be empty.

    `commits` maps the datasets that were read to their commits.
    """

    texts: tuple[str, ...]
    english: tuple[str, ...]
    commits: dict[str, str]


def read(
    library: DatasetReader, settings: CheckSettings, language: str, corpora: Sequence[Corpus]
) -> References:
    """Read the benchmark's development split; without the language there, its texts.

    If the recipe has no texts of the language either, return English sentences alone. Without a
    token, the benchmark is not read if it is gated. Raises UserError if there is no sentence.
    """
    source, count, unreadable = settings.known, settings.sentences, None
    repo = source.dataset
    commit = commit_of(library.api, repo, "dataset")
    try:
        sentences, originals = (
            _by_id(repo, commit, source.configs.get(code, code), source.split)
            for code in (language, ENGLISH)
        )
    except UserError as error:
        if get_token():
            raise
        say(f"without a token for the Hub, the translations cannot be compared: {error}")
        sentences, originals, unreadable = {}, {}, error
    # Sentences that follow each other are often from one article.
    if ids := sample(sorted(sentences.keys() & originals.keys()), count, library.seed):
        texts = tuple(sentences[key] for key in ids)
        return References(texts, tuple(originals[key] for key in ids), {repo: commit})
    if texts := tuple(library.texts(corpora, count)):
        say(f"{repo} has no {language}: the teacher translates texts of the corpora instead")
        return References(texts, (), library.commits)
    english = tuple(sample(list(originals.values()), count, library.seed))
    if not english:
        raise unreadable or Unworkable(
            f"There is nothing to translate: {repo} has neither {language} nor English, and no "
            "corpus has texts."
        )
    say(f"{repo} has no {language}, and no corpus has texts: only the round trip is measured")
    return References((), english, {**library.commits, repo: commit})


def _by_id(repo: str, commit: str, config: str, split: str) -> dict[str, str]:
    """Return the sentences by their id; empty if the dataset lacks the config or the split."""
    import datasets

    if config not in configs(repo, commit) or split not in splits(repo, config, commit):
        return {}
    rows: Any = datasets.load_dataset(repo, config, split=split, revision=commit)
    return {str(row["id"]): str(row["text"]) for row in rows}
