"""What a run reads from the Hub before the first call, on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from recipes.core.isolated import run_isolated
from recipes.core.progress import say
from recipes.generate.data.download import download
from recipes.generate.data.jsonl import JsonlItems
from recipes.generate.schema import Message
from recipes.generate.settings import GenerateSettings
from recipes.generate.sources.table import SOURCES

T = TypeVar("T")


@dataclass(frozen=True)
class Inputs:
    """Texts and conversations, and what is known of the datasets they are from.

    by_source: the texts or conversations of each source that reads any
    benchmarks: the name and the texts of each benchmark
    commits, licences: by repo
    skipped: a sentence for each dataset without data for the language
    """

    texts: JsonlItems[str]
    conversations: JsonlItems[tuple[Message, ...]]
    by_source: Mapping[str, JsonlItems[Any]]
    benchmarks: Sequence[tuple[str, JsonlItems[str]]]
    commits: dict[str, str]
    licences: dict[str, str]
    skipped: Sequence[str]


def read_inputs(settings: GenerateSettings, folder: Path, limit: int | None) -> Inputs:
    """Read what the recipe asks for, up to `limit` items per source, to files in `folder`."""
    text_counts = item_counts(settings, limit, "texts")
    conversation_counts = item_counts(settings, limit, "conversations")
    downloads = run_isolated(
        download,
        folder,
        settings.seed,
        settings.gates.tokenizer,
        (settings.texts, sum(text_counts.values())),
        (settings.conversations, sum(conversation_counts.values())),
        settings.benchmarks,
    )
    texts, conversations = downloads.texts, downloads.conversations
    say(
        f"read {len(texts)} texts, {len(conversations)} conversations, "
        f"{sum(map(len, downloads.benchmarks))} benchmark texts"
    )
    names = [corpus.name for corpus in settings.benchmarks]
    return Inputs(
        texts,
        conversations,
        {**_split(texts, text_counts), **_split(conversations, conversation_counts)},
        list(zip(names, downloads.benchmarks, strict=True)),
        downloads.commits,
        downloads.licences,
        downloads.skipped,
    )


def item_counts(
    settings: GenerateSettings, limit: int | None, kind: Literal["texts", "conversations"]
) -> dict[str, int]:
    """Return how many texts or conversations each source reads, up to `limit`."""
    counts: dict[str, int] = {}
    planned = settings.planned_by_source(limit)
    for source in SOURCES:
        if source.reads == kind:
            if source.item_count is None:
                count = planned[source.name]
            else:
                count = round(settings.share * source.item_count(settings.sources[source.name]))
            counts[source.name] = count if limit is None else min(count, limit)
    return counts


def _split(items: JsonlItems[T], counts: Mapping[str, int]) -> dict[str, JsonlItems[T]]:
    """Give each source its number of items; if there are too few, the last ones get fewer."""
    parts: dict[str, JsonlItems[T]] = {}
    for name, count in counts.items():
        parts[name], items = items.split(count)
    return parts
