"""A few known sentences of the language, with their English originals where there are some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recipes.check.settings import CheckSettings
from recipes.core.hub_refs import commit_of, configs
from recipes.core.progress import say
from recipes.generate.data.corpora import Corpus, Library
from recipes.generate.schema import ENGLISH


@dataclass(frozen=True)
class Known:
    """Sentences in the language, their originals in the same order, and what was read; either side
    may be empty."""

    texts: tuple[str, ...]
    english: tuple[str, ...]
    commits: dict[str, str]


def read(
    library: Library, settings: CheckSettings, language: str, corpora: Sequence[Corpus]
) -> Known:
    """From the benchmark's development split; where it lacks the language from its texts, and where
    there are none its English alone."""
    where = settings.known
    repo = where.dataset
    commit = commit_of(library.api, repo, "dataset")
    names = (where.configs.get(code, code) for code in (language, ENGLISH))
    both = [_by_id(repo, commit, config, where.split) for config in names]
    ids = sorted(set(both[0]) & set(both[1]))[: settings.sentences]
    if ids:
        texts, english = (tuple(side[key] for key in ids) for side in both)
        return Known(texts, english, {repo: commit})
    if texts := tuple(library.texts(corpora, settings.sentences)):
        say(f"{repo} has no {language}: what the teacher makes of its texts has to do")
        return Known(texts, (), library.commits)
    say(f"{repo} has no {language}, and there are no texts of it: there and back has to do")
    english = tuple(both[1][key] for key in sorted(both[1])[: settings.sentences])
    return Known((), english, {**library.commits, repo: commit})


def _by_id(repo: str, commit: str, config: str, split: str) -> dict[str, str]:
    """Sentences by their id, none where the language is not there."""
    import datasets

    if config not in configs(repo, commit):
        return {}
    rows: Any = datasets.load_dataset(repo, config, split=split, revision=commit)
    return {str(row["id"]): str(row["text"]) for row in rows}
