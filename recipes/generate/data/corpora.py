"""What a run reads from the Hub: texts, conversations, benchmarks; each pinned to a commit.

What a data set holds is another person's: it is taken as text and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError
from recipes.core.hub_refs import commit_of, configs
from recipes.core.progress import say
from recipes.generate.data.tokenizer import Tokens, fit, load
from recipes.generate.schema import Message

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData, HfApi

ROLES = {"human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True)
class Corpus:
    """Where texts stand: `columns` to read, `where` a row must match, `longest` in tokens;
    `configs` renames configs, for a data set that names languages its own way. `revision` is a
    branch, a tag or a commit: to read once more what an earlier run read."""

    repo: str
    split: str
    columns: list[str]
    config: str | None = None
    where: dict[str, str] = field(default_factory=dict)
    longest: int | None = None
    shuffle_buffer: int = 1
    configs: dict[str, str] = field(default_factory=dict)
    revision: str = "main"

    def __post_init__(self) -> None:
        renamed = self.configs.get(self.config or "", self.config)
        object.__setattr__(self, "config", renamed)

    @property
    def name(self) -> str:
        """Where it stands, for people."""
        return " ".join(part for part in (self.repo, self.config, self.split) if part)

    @property
    def where_from(self) -> dict[str, Any]:
        """Where it stands, for programs."""
        return {
            "repo": self.repo,
            "config": self.config,
            "split": self.split,
            "columns": self.columns,
        }


@dataclass(frozen=True)
class Library:
    """Reads data sets and remembers at which commit, under which licence, and which had nothing.

    Tokens are those of the `tokenizer`, a model on the Hub, or of four bytes where it is None.
    """

    api: HfApi
    seed: int
    tokenizer: str | None
    commits: dict[str, str] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def texts(self, corpora: Sequence[Corpus], count: int) -> Iterator[str]:
        """Up to `count` texts in an order that the seed decides, cut to the longest allowed; all of
        the first corpus, and then of the next."""
        if count:
            yield from islice(chain.from_iterable(map(self.all_texts, corpora)), count)

    def all_texts(self, corpus: Corpus) -> Iterator[str]:
        """Every text, as it is read."""
        for row in self._rows(corpus):
            for column in corpus.columns:
                text = _column(row, column, corpus)
                if isinstance(text, str) and (cut := self._cut(text.strip(), corpus.longest)):
                    yield cut

    def conversations(self, corpus: Corpus, count: int) -> Iterator[tuple[Message, ...]]:
        """Up to `count` conversations of user and assistant in turn, none longer than allowed."""
        if count == 0:
            return
        found = (
            _conversation(_column(row, corpus.columns[0], corpus)) for row in self._rows(corpus)
        )
        fitting = (turns for turns in found if turns and self._fit(turns, corpus.longest))
        yield from islice(fitting, count)

    @cached_property
    def _tokens(self) -> Tokens:
        return load(self.api, self.tokenizer, self.commits)

    def _cut(self, text: str, longest: int | None) -> str:
        return text if longest is None else self._tokens.first(text, longest)

    def _fit(self, turns: tuple[Message, ...], longest: int | None) -> bool:
        said = [turn["content"] for turn in turns]
        return longest is None or fit(self._tokens, said, longest)

    def _skip(self, sentence: str) -> None:
        if sentence not in self.skipped:  # of a data set several splits may be wanted
            self.skipped.append(sentence)
            say(sentence)

    def _pinned(self, corpus: Corpus) -> str:
        """The commit at which all of a data set is read, however it moves while the run goes on."""
        if corpus.repo not in self.commits or corpus.revision != "main":
            sha = commit_of(self.api, corpus.repo, "dataset", corpus.revision)
            info = self.api.dataset_info(corpus.repo, revision=sha)
            self.commits[corpus.repo] = sha
            self.licences[corpus.repo] = _licence(info.card_data or {})
        return self.commits[corpus.repo]

    def _rows(self, corpus: Corpus) -> Iterator[dict[str, Any]]:
        import datasets

        sha = self._pinned(corpus)
        if corpus.config and corpus.config not in configs(corpus.repo, sha):
            self._skip(f"`{corpus.repo}` has nothing in {corpus.config}: left out")
            return
        try:
            rows = datasets.load_dataset(
                corpus.repo, corpus.config, split=corpus.split, revision=sha, streaming=True
            )
        except (ValueError, FileNotFoundError) as error:  # a missing split
            said = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(f"The data set {corpus.repo} cannot be read: {said}") from error
        if corpus.shuffle_buffer > 1:
            rows = rows.shuffle(self.seed, buffer_size=corpus.shuffle_buffer)
        for row in rows:
            if all(row.get(column) == value for column, value in corpus.where.items()):
                yield row


def _licence(card: Mapping[str, Any] | DatasetCardData) -> str:
    """What a card says that it is under, nothing where it does not say."""
    told = card.get("license_name") or card.get("license") or ""
    return ", ".join(map(str, told)) if isinstance(told, list) else str(told)


def _column(row: dict[str, Any], column: str, corpus: Corpus) -> object:
    if column not in row:
        raise UserError(
            f"The data set {corpus.repo} has no column {column!r}: it has {', '.join(row)}."
        )
    return row[column]


def _conversation(value: object) -> tuple[Message, ...] | None:
    """Turns written as role/content or from/value; None for what is no conversation."""
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
