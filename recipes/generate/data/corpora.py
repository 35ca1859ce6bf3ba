"""Texts, conversations and benchmarks on the Hub, each read at one commit.

A dataset belongs to someone else: its content is only ever treated as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from recipes.core.errors import Unworkable, UserError
from recipes.core.hub_refs import commit_of, configs, unreadable_is_refused
from recipes.core.progress import say
from recipes.generate.data.tokenizer import TextTokenizer, fits, load_tokenizer
from recipes.generate.schema import Message
from recipes.validation.ranges import PositiveCount, Text

if TYPE_CHECKING:
    import datasets
    from huggingface_hub import DatasetCardData, HfApi

MAX_OPEN_FILES = 16  # of a dataset, read in turn
EACH_ONCE: Literal["all_exhausted_without_replacement"] = "all_exhausted_without_replacement"
ROLES = {"human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant"}


class NoSuchDataError(UserError):
    """The dataset lacks the config or the split."""


@dataclass(frozen=True)
class Corpus:
    """A dataset on the Hub, and what to read of it."""

    repo: Text
    split: Text
    columns: Annotated[list[Text], Field(min_length=1)]
    """The columns with text; a conversation is in the first one."""
    config: str | None = None
    where: dict[str, str] = field(default_factory=dict)
    """Values that a row must have, by column."""
    longest: PositiveCount | None = None
    """Tokens that a text is truncated to, and that a conversation may have."""
    shuffle_buffer: PositiveCount = 1
    """Texts in memory while the order is shuffled."""
    configs: dict[str, str] = field(default_factory=dict)
    """The dataset's names of configs, where they differ from `config`."""
    revision: Text = "main"
    """A branch, tag or commit."""
    licence: str = ""
    """The config's licence, as the Hub calls it, where the dataset's card has another or none."""

    def __post_init__(self) -> None:
        renamed = self.configs.get(self.config or "", self.config)
        object.__setattr__(self, "config", renamed)

    @property
    def name(self) -> str:
        """Repo, config and split, for people."""
        return " ".join(part for part in (self.repo, self.config, self.split) if part)

    @property
    def origin(self) -> dict[str, Any]:
        """Repo, config, split and columns, for JSON."""
        return {
            "repo": self.repo,
            "config": self.config,
            "split": self.split,
            "columns": self.columns,
        }


@dataclass(frozen=True)
class DatasetReader:
    """Reads datasets, and records the commit and licence of each, and those without data.

    Tokens are those of `tokenizer`, a model on the Hub, or four bytes each when it is None.
    """

    api: HfApi
    seed: int
    tokenizer: str | None
    commits: dict[str, str] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def texts(self, corpora: Sequence[Corpus], count: int) -> Iterator[str]:
        """Yield up to `count` truncated texts, each corpus in an order that the seed decides."""
        if count:
            yield from islice(chain.from_iterable(map(self.all_texts, corpora)), count)

    def all_texts(self, corpus: Corpus) -> Iterator[str]:
        """Yield every text of a corpus, truncated."""
        for row in self._rows(corpus, may_be_missing=True):  # not every dataset has the language
            for column in corpus.columns:
                text = _column(row, column, corpus)
                if isinstance(text, str) and (cut := self._truncate(text.strip(), corpus.longest)):
                    yield cut

    def conversations(self, corpus: Corpus, count: int) -> Iterator[tuple[Message, ...]]:
        """Yield up to `count` conversations of user and assistant that are not too long."""
        if count == 0:
            return
        conversations = (
            _conversation(_column(row, corpus.columns[0], corpus))
            for row in self._rows(corpus, may_be_missing=False)
        )
        fitting = (turns for turns in conversations if turns and self._fits(turns, corpus.longest))
        yield from islice(fitting, count)

    @cached_property
    def _tokenizer(self) -> TextTokenizer:
        return load_tokenizer(self.api, self.tokenizer, self.commits)

    def _truncate(self, text: str, longest: int | None) -> str:
        return text if longest is None else self._tokenizer.truncate(text, longest)

    def _fits(self, turns: tuple[Message, ...], longest: int | None) -> bool:
        texts = [turn["content"] for turn in turns]
        return longest is None or fits(self._tokenizer, texts, longest)

    def _skip(self, sentence: str) -> None:
        if sentence not in self.skipped:  # several splits of a dataset may be read
            self.skipped.append(sentence)
            say(sentence)

    def _pinned(self, corpus: Corpus) -> str:
        """Return the commit at which all of a dataset is read, even if it changes meanwhile."""
        if corpus.repo not in self.commits or corpus.revision != "main":
            sha = commit_of(self.api, corpus.repo, "dataset", corpus.revision)
            info = self.api.dataset_info(corpus.repo, revision=sha)
            self.commits[corpus.repo] = sha
            self.licences[corpus.repo] = _licence(info.card_data or {})
        return self.commits[corpus.repo]

    def _rows(self, corpus: Corpus, may_be_missing: bool) -> Iterator[dict[str, Any]]:
        import datasets

        datasets.config.TORCH_AVAILABLE = False  # we need no tensors; the import takes seconds
        try:
            rows = _open(corpus, self._pinned(corpus))
        except NoSuchDataError as missing:
            if not may_be_missing:
                raise Unworkable(f"{missing}: name another in the recipe.") from missing
            self._skip(f"{missing} and was skipped")
            return
        for row in self._shuffled(rows, corpus.shuffle_buffer):
            if all(row.get(column) == value for column, value in corpus.where.items()):
                yield row

    def _shuffled(self, rows: datasets.IterableDataset, buffer: int) -> Iterator[dict[str, Any]]:
        """Yield rows of many files in turn, so that those needed are from the whole dataset."""
        import datasets

        if buffer <= 1:
            yield from rows
            return
        count = rows.num_shards
        order = Random(self.seed).sample(range(count), count)
        for start in range(0, count, MAX_OPEN_FILES):
            numbers = order[start : start + MAX_OPEN_FILES]
            files = [
                rows.shard(count, number).shuffle(self.seed, buffer_size=-(-buffer // len(numbers)))
                for number in numbers
            ]
            yield from datasets.interleave_datasets(files, stopping_strategy=EACH_ONCE)


def _open(corpus: Corpus, sha: str) -> datasets.IterableDataset:
    """Open the split at a commit; raise NoSuchDataError if there is none."""
    import datasets

    if corpus.config and corpus.config not in configs(corpus.repo, sha):
        raise NoSuchDataError(f"{corpus.repo} has no config {corpus.config}")
    with unreadable_is_refused(corpus.repo):
        splits = datasets.load_dataset(corpus.repo, corpus.config, revision=sha, streaming=True)
    if corpus.split not in splits:
        config = corpus.config or "its only config"
        raise NoSuchDataError(f"{corpus.repo} has no split {corpus.split} of {config}")
    return splits[corpus.split]


def _licence(card: Mapping[str, Any] | DatasetCardData) -> str:
    """Return the licence that a card names, empty where it names none."""
    licence = card.get("license_name") or card.get("license") or ""
    return ", ".join(map(str, licence)) if isinstance(licence, list) else str(licence)


def _column(row: dict[str, Any], column: str, corpus: Corpus) -> object:
    if column not in row:
        raise Unworkable(
            f"The dataset {corpus.repo} has no column {column!r}. Its columns: {', '.join(row)}."
        )
    return row[column]


def _conversation(value: object) -> tuple[Message, ...] | None:
    """Parse turns with role/content or from/value; None if the value is not a conversation."""
    if not isinstance(value, list):
        return None
    turns: list[Message] = []
    for turn in value:
        role = ROLES.get(str(turn.get("role") or turn.get("from")))
        content = turn.get("content") or turn.get("value")
        if role is None or not isinstance(content, str) or not content.strip():
            return None
        turns.append(Message(role="user" if role == "user" else "assistant", content=content))
    return tuple(turns)
