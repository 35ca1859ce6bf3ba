"""Write everything that a run reads from the Hub to disk.

This runs in a process of its own (`recipes.core.isolated`), because the `datasets` library takes
more memory than everything else that a run imports. Keep the imports here few for the same reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipes.generate.data.corpora import Corpus, DatasetReader
from recipes.generate.data.jsonl import JsonlItems, write_items
from recipes.generate.schema import Message


@dataclass(frozen=True)
class Downloads:
    """What was read: `benchmarks` has the texts of each benchmark, `commits` and `licences` are by
    repo, and `skipped` has a sentence for each dataset without data for the language."""

    texts: JsonlItems[str]
    conversations: JsonlItems[tuple[Message, ...]]
    benchmarks: tuple[JsonlItems[str], ...]
    commits: dict[str, str]
    licences: dict[str, str]
    skipped: Sequence[str]


def download(
    folder: Path,
    seed: int,
    tokenizer: str | None,
    texts: tuple[Sequence[Corpus], int],
    conversations: tuple[Corpus, int],
    benchmarks: Sequence[Corpus],
) -> Downloads:
    """Write texts, conversations and benchmarks to files in `folder`.

    `texts` and `conversations` come with their maximum number.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # a log is not a terminal
    reader = DatasetReader(HfApi(), seed, tokenizer)
    return Downloads(
        write_items(folder / "texts.jsonl", reader.texts(*texts)),
        write_items(folder / "conversations.jsonl", reader.conversations(*conversations)),
        tuple(
            write_items(folder / f"benchmark-{number}.jsonl", reader.all_texts(corpus))
            for number, corpus in enumerate(benchmarks)
        ),
        reader.commits,
        reader.licences,
        reader.skipped,
    )
