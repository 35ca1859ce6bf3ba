"""What a run reads from the Hub before the first call, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.core.isolated import run_isolated
from recipes.core.progress import say
from recipes.generate.data.download import download
from recipes.generate.data.jsonl import JsonlItems
from recipes.generate.schema import Message
from recipes.generate.settings import GenerateSettings
from recipes.generate.sources import replay


@dataclass(frozen=True)
class Inputs:
    """Texts and conversations for each source, and what is known of the datasets they are from.

    benchmarks: the name and the texts of each benchmark
    commits, licences: by repo
    skipped: a sentence for each dataset without data for the language
    """

    context_texts: JsonlItems[str]
    pair_texts: JsonlItems[str]
    conversations: JsonlItems[tuple[Message, ...]]
    replay_conversations: JsonlItems[tuple[Message, ...]]
    benchmarks: Sequence[tuple[str, JsonlItems[str]]]
    commits: dict[str, str]
    licences: dict[str, str]
    skipped: Sequence[str]


def read_inputs(settings: GenerateSettings, folder: Path, limit: int | None) -> Inputs:
    """Read what the recipe asks for, up to `limit` items per source, to files in `folder`."""
    context_count, pair_count, translation_count = (
        count if limit is None else min(count, limit)
        for count in (settings.contexts.texts, settings.pairs.texts, settings.translations)
    )
    replay_count = replay.row_count(settings.planned_rows(limit), settings.replay)
    downloads = run_isolated(
        download,
        folder,
        settings.seed,
        settings.gates.tokenizer,
        (settings.texts, context_count + pair_count),
        (settings.conversations, translation_count + replay_count),
        settings.benchmarks,
    )
    texts, conversations = downloads.texts, downloads.conversations
    say(
        f"read {len(texts)} texts, {len(conversations)} conversations, "
        f"{sum(map(len, downloads.benchmarks))} benchmark texts"
    )
    context_texts, pair_texts = texts.split(context_count)
    to_translate, to_replay = conversations.split(translation_count)
    names = [corpus.name for corpus in settings.benchmarks]
    return Inputs(
        context_texts,
        pair_texts,
        to_translate,
        to_replay,
        list(zip(names, downloads.benchmarks, strict=True)),
        downloads.commits,
        downloads.licences,
        downloads.skipped,
    )
