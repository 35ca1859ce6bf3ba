"""What a run reads from the Hub before the first question, as it lies on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.core.isolated import run_isolated
from recipes.core.progress import say
from recipes.generate.data.download import fetch
from recipes.generate.data.jsonl import Stored
from recipes.generate.schema import Message
from recipes.generate.settings import GenerateSettings
from recipes.generate.sources import replay


@dataclass(frozen=True)
class Inputs:
    """The texts for two sources, the conversations for two, the texts of each benchmark by its
    name; commit and licence of each repo, and a sentence for each that had nothing."""

    for_contexts: Stored[str]
    for_pairs: Stored[str]
    conversations: Stored[tuple[Message, ...]]
    for_replay: Stored[tuple[Message, ...]]
    benchmarks: Sequence[tuple[str, Stored[str]]]
    commits: dict[str, str]
    licences: dict[str, str]
    skipped: Sequence[str]


def read(settings: GenerateSettings, folder: Path, limit: int | None) -> Inputs:
    """Read no more than the recipe or the limit asks for; `folder` may be written."""
    first, second, third = (
        count if limit is None else min(count, limit)
        for count in (settings.contexts.texts, settings.pairs.texts, settings.translations)
    )
    fourth = replay.rows_beside(settings.planned(limit), settings.replay)
    fetched = run_isolated(
        fetch,
        folder,
        settings.seed,
        settings.gates.tokenizer,
        (settings.texts, first + second),
        (settings.conversations, third + fourth),
        settings.benchmarks,
    )
    texts, conversations = fetched.texts, fetched.conversations
    known = sum(map(len, fetched.benchmarks))
    say(f"read {len(texts)} texts, {len(conversations)} conversations, {known} benchmark texts")
    for_contexts, for_pairs = texts.split(first)
    to_translate, for_replay = conversations.split(third)
    named = [corpus.name for corpus in settings.benchmarks]
    return Inputs(
        for_contexts,
        for_pairs,
        to_translate,
        for_replay,
        list(zip(named, fetched.benchmarks, strict=True)),
        fetched.commits,
        fetched.licences,
        fetched.skipped,
    )
