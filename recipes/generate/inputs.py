"""What a run reads from the Hub before the first question, laid down on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.generate.certificate import Witness
from recipes.generate.corpora import Library
from recipes.generate.decontaminate import Benchmarks
from recipes.generate.row import Message
from recipes.generate.settings import Settings
from recipes.generate.stored import Stored, store
from recipes.progress import say


@dataclass(frozen=True)
class Inputs:
    """Texts and conversations, benchmarks, the commit of each repository, and a sentence for each
    that had nothing for this language."""

    for_contexts: Stored[str]
    for_pairs: Stored[str]
    conversations: Stored[tuple[Message, ...]]
    benchmarks: Benchmarks
    witness: Witness
    commits: dict[str, str]
    skipped: Sequence[str]


def read(
    settings: Settings, library: Library, script: str, folder: Path, limit: int | None
) -> Inputs:
    """Read no more than the recipe or the limit asks for; `folder` may be written."""
    first, second, third = (
        count if limit is None else min(count, limit)
        for count in (settings.contexts.texts, settings.pairs.texts, settings.translations)
    )
    texts = store(folder / "texts.jsonl", library.texts(settings.texts, first + second))
    found = library.conversations(settings.conversations, third)
    conversations = store(folder / "conversations.jsonl", found)
    witness = Witness(settings.ngrams, script)
    known = (
        (corpus.name, witness.hear(library.all_texts(corpus))) for corpus in settings.benchmarks
    )
    benchmarks = Benchmarks(known, settings.ngrams, script)
    witness.close()
    say(f"read {len(texts)} texts, {len(conversations)} conversations, {len(benchmarks)} n-grams")
    for_contexts, for_pairs = texts.split(first)
    return Inputs(
        for_contexts,
        for_pairs,
        conversations,
        benchmarks,
        witness,
        library.commits,
        library.skipped,
    )
