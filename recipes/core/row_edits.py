"""What speakers agreed on about rows of a dataset: `speakers.jsonl`, beside the rows in its repo.

`review-report` writes it, whoever learns from the dataset obeys it. Rows are named by their ids,
which depend on their content alone: so it holds for a dataset that is made anew, too. How people
come to agree must not enter this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recipes.core.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Chat = list[dict[str, str]]
PATH = "speakers.jsonl"
REASON = "speakers"  # why `generate` rejects a row that was agreed to be dropped
ID = re.compile(r"[0-9A-Za-z._:-]{1,80}")


@dataclass(frozen=True)
class RowEdits:
    """Ids of the rows not to be learnt, and by id what the last answer of a row should say."""

    dropped: frozenset[str] = frozenset()
    corrected: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.dropped or self.corrected)

    def to_jsonl(self) -> str:
        """A line a row, in the order of their ids."""
        said = {row: {"id": row, "verdict": "drop"} for row in self.dropped} | {
            row: {"id": row, "verdict": "fix", "fixed": text}
            for row, text in self.corrected.items()
        }
        return "".join(json.dumps(said[row], ensure_ascii=False) + "\n" for row in sorted(said))

    def apply(self, ids: list[str], chats: list[Chat]) -> list[Chat]:
        """The chats of these rows without those dropped, and with the corrections in."""
        return [
            self._corrected(row, chat)
            for row, chat in zip(ids, chats, strict=True)
            if row not in self.dropped
        ]

    def _corrected(self, row: str, chat: Chat) -> Chat:
        text = self.corrected.get(row)
        if text is None:
            return chat
        return [*chat[:-1], {**chat[-1], "content": reworded(chat[-1]["content"], text)}]


def reworded(answer: str, text: str) -> str:
    """The answer with what people saw of it replaced; what was thought before it stays."""
    before, end, shown = answer.rpartition("</think>")
    return before + end + shown[: len(shown) - len(shown.lstrip())] + text if end else text


def read(api: HfApi, repo: str, revision: str = "main") -> RowEdits:
    """What a dataset says at a revision; nothing where the file or the repo is not there.

    Raises UserError for a file that cannot be read: what people said may not be lost in silence.
    """
    if not api.file_exists(repo, PATH, repo_type="dataset", revision=revision):
        return RowEdits()
    path = api.hf_hub_download(repo, PATH, repo_type="dataset", revision=revision)
    dropped, corrected = set[str](), dict[str, str]()
    for number, line in enumerate(Path(path).read_bytes().split(b"\n"), 1):
        try:
            if line and (row := json.loads(line))["verdict"] == "drop":
                dropped.add(_id(row["id"]))
            elif line:
                corrected[_id(row["id"])] = str(row["fixed"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"Line {number} of {PATH} of {repo} cannot be read: mend it."
            ) from error
    return RowEdits(frozenset(dropped), corrected)


def _id(value: str) -> str:
    if not ID.fullmatch(value):
        raise ValueError
    return value


def chats(api: HfApi, repo: str, revision: str, split: str) -> list[Chat]:
    """The chats of a split, of all configurations together, as speakers want them learnt."""
    from datasets import load_dataset

    try:
        rows = load_dataset(repo, "default", split=split, revision=revision)
    except ValueError as error:
        raise UserError(f"{repo} cannot be learnt from: {' '.join(str(error).split())}") from error
    found = list(rows["messages"])
    mending = read(api, repo, revision)
    return mending.apply(list(rows["id"]), found) if mending else found
