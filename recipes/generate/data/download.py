"""Everything that a run reads from the Hub before its first question, laid down on the disk.

It is done in a process of its own (`recipes.core.isolated`): the library that reads data sets
takes more memory than all else that a run imports. So what is imported here must be little, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.generate.data.corpora import Corpus, Library
from recipes.generate.data.jsonl import Stored, store
from recipes.generate.schema import Message


@dataclass(frozen=True)
class Fetched:
    """What there was, the texts of each benchmark, commit and licence of each repo, and a sentence
    for each that had nothing for this language."""

    texts: Stored[str]
    conversations: Stored[tuple[Message, ...]]
    benchmarks: tuple[Stored[str], ...]
    commits: dict[str, str]
    licences: dict[str, str]
    skipped: Sequence[str]


def fetch(
    folder: Path,
    seed: int,
    tokenizer: str | None,
    texts: tuple[Sequence[Corpus], int],
    conversations: tuple[Corpus, int],
    benchmarks: Sequence[Corpus],
) -> Fetched:
    """Read up to so many texts and conversations, and all of the benchmarks; `folder` may be
    written."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # a log is no terminal
    library = Library(HfApi(), seed, tokenizer)
    return Fetched(
        store(folder / "texts.jsonl", library.texts(*texts)),
        store(folder / "conversations.jsonl", library.conversations(*conversations)),
        tuple(
            store(folder / f"benchmark-{number}.jsonl", library.all_texts(corpus))
            for number, corpus in enumerate(benchmarks)
        ),
        library.commits,
        library.licences,
        library.skipped,
    )
