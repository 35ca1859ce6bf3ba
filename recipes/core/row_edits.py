"""Rows that speakers agreed to drop or correct: `speakers.jsonl` in a dataset's repository.

`review-report` writes the file, and everything that trains on the dataset applies it. Row ids
depend on the row's content alone, so the edits also apply to a regenerated dataset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from recipes.core.errors import Unworkable, UserError
from recipes.validation.documents import read_json
from recipes.validation.errors import InvalidInput
from recipes.validation.models import parse

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Chat = list[dict[str, str]]
PATH = "speakers.jsonl"
REASON = "speakers"  # why `generate` rejects a row that speakers dropped
ID = re.compile(r"[0-9A-Za-z._:-]{1,80}")


@dataclass(frozen=True)
class RowEdits:
    """The ids of dropped rows, and the new text of the last answer of corrected rows, by id."""

    dropped: frozenset[str] = frozenset()
    corrected: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.dropped or self.corrected)

    def to_jsonl(self) -> str:
        """Return one line per row, sorted by id."""
        edits = {row: {"id": row, "verdict": "drop"} for row in self.dropped} | {
            row: {"id": row, "verdict": "fix", "fixed": text}
            for row, text in self.corrected.items()
        }
        return "".join(json.dumps(edits[row], ensure_ascii=False) + "\n" for row in sorted(edits))

    def apply(self, ids: list[str], chats: list[Chat]) -> list[Chat]:
        """Return the chats of the rows `ids`, without dropped rows and with corrections."""
        return [
            self._corrected(row, chat)
            for row, chat in zip(ids, chats, strict=True)
            if row not in self.dropped
        ]

    def _corrected(self, row: str, chat: Chat) -> Chat:
        text = self.corrected.get(row)
        if text is None:
            return chat
        return [*chat[:-1], {**chat[-1], "content": replace_answer(chat[-1]["content"], text)}]


def replace_answer(response: str, text: str) -> str:
    """Replace the part of a response that people see; reasoning before it stays."""
    reasoning, end, answer = response.rpartition("</think>")
    whitespace = answer[: len(answer) - len(answer.lstrip())]
    return reasoning + end + whitespace + text if end else text


def read(api: HfApi, repo: str, revision: str = "main") -> RowEdits:
    """Read a dataset's edits at a revision; without the file or the repository, there are none.

    Raises UserError if the file cannot be read, so that no edit is ignored silently.
    """
    if not api.file_exists(repo, PATH, repo_type="dataset", revision=revision):
        return RowEdits()
    path = api.hf_hub_download(repo, PATH, repo_type="dataset", revision=revision)
    return parse_jsonl(Path(path).read_bytes(), f"{PATH} in {repo}")


def parse_jsonl(content: bytes, file: str) -> RowEdits:
    """Parse what `to_jsonl` wrote; raise UserError, which starts with `file`, for anything else."""
    dropped, corrected = set[str](), dict[str, str]()
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line:
            continue
        place = f"{file}, line {number}"
        try:
            edit = parse(_Edit, read_json(line, place), place)
        except InvalidInput as error:
            raise Unworkable(f"{error} Fix it.") from error
        if edit.fixed is None:
            dropped.add(edit.id)
        else:
            corrected[edit.id] = edit.fixed
    return RowEdits(frozenset(dropped), corrected)


@dataclass(frozen=True)
class _Edit:
    """A line of the file."""

    id: Annotated[str, Field(pattern=f"^{ID.pattern}$")]
    verdict: Literal["drop", "fix"]
    fixed: Annotated[str, Field(min_length=1)] | None = None

    def __post_init__(self) -> None:
        if (self.verdict == "fix") != (self.fixed is not None):
            raise ValueError("`fixed` must be there if the verdict is `fix`, and only then")


def load_chats(api: HfApi, repo: str, revision: str, split: str) -> list[Chat]:
    """Load the chats of a split of the default configuration, with the speakers' edits."""
    from datasets import load_dataset

    try:
        rows = load_dataset(repo, "default", split=split, revision=revision)
    except ValueError as error:
        message = " ".join(str(error).split())
        raise UserError(f"{repo} cannot be used for training: {message}") from error
    chats = list(rows["messages"])
    edits = read(api, repo, revision)
    return edits.apply(list(rows["id"]), chats) if edits else chats
