"""What people said of models and of rows: the feedback dataset, read at the door.

One JSON line a row, under `data/<code>/<day>/`, written by the Spaces. A row without consent is not
read, and one that somebody withdrew is not there. All text in it is hostile. What is made of the
rows must not enter this file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.row_edits import ID

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SCHEMA = 1
MOST_BYTES = 64_000
LONGEST_NAME = 80
ROLES = {"system", "user", "assistant"}
RATINGS = {"up", "down", None}
VERDICTS = ("keep", "fix", "drop")


class Foreign(ValueError):
    """A row that is not one."""


@dataclass(frozen=True)
class Chat:
    """What somebody said of an answer: `messages` end with the user's turn."""

    id: str
    at: str
    language: str
    model: str
    messages: tuple[tuple[str, str], ...]
    response: str
    rating: str | None
    correction: str | None
    credit: str | None


@dataclass(frozen=True)
class Review:
    """What a reviewer said of a row of a dataset; `reviewer` is a random name of their browser."""

    id: str
    at: str
    language: str
    dataset: str
    row_id: str
    verdict: str
    fixed: str | None
    reviewer: str
    credit: str | None


@dataclass(frozen=True)
class Feedback:
    """The rows of one language in the order in which they were written, and why others are out."""

    chats: tuple[Chat, ...]
    reviews: tuple[Review, ...]
    left_out: dict[str, int]


def fetch(api: HfApi, repo: str, revision: str, code: str) -> Feedback:
    """Read what the dataset has on a language at a commit."""
    folder = api.snapshot_download(
        repo, repo_type="dataset", revision=revision, allow_patterns=f"data/{code}/*"
    )
    files = sorted(Path(folder).glob(f"data/{code}/*/*.jsonl"))
    return parse((file.read_bytes() for file in files), code)


def parse(files: Iterable[bytes], code: str) -> Feedback:
    """Parse the lines of these files: a row is right in all its parts, or counted as left out."""
    chats, reviews, left_out = dict[str, Chat](), dict[str, Review](), Counter[str]()
    for line in (line for file in files for line in file.split(b"\n") if line.strip()):
        try:
            row = _read(line, code)
        except Foreign as error:
            left_out[str(error)] += 1
        except ValueError:
            left_out["unreadable"] += 1
        else:
            if isinstance(row, Chat):
                chats[row.id] = row
            else:
                reviews[row.id] = row
    return Feedback(
        tuple(sorted(chats.values(), key=lambda row: (row.at, row.id))),
        tuple(sorted(reviews.values(), key=lambda row: (row.at, row.id))),
        dict(left_out),
    )


def _read(line: bytes, code: str) -> Chat | Review:
    if len(line) > MOST_BYTES:
        raise Foreign("too_long")
    row = json.loads(line)
    if not isinstance(row, dict) or row.get("schema") != SCHEMA:
        raise Foreign("unreadable")
    if row.get("consent") is not True:
        raise Foreign("no_consent")
    if row.get("language") != code:
        raise Foreign("another_language")
    if row.get("kind") == "review":
        return _review(row)
    if row.get("kind") == "chat":
        return _chat(row)
    raise Foreign("unknown_kind")


def _chat(row: dict[str, Any]) -> Chat:
    if row.get("rating") not in RATINGS:
        raise Foreign("unreadable")
    return Chat(
        id=_text(row, "id"),
        at=_text(row, "at"),
        language=_text(row, "language"),
        model=_text(row, "model"),
        messages=_messages(row.get("messages")),
        response=_text(row, "response"),
        rating=row["rating"] if "rating" in row else None,
        correction=_perhaps(row, "correction"),
        credit=_name(row),
    )


def _review(row: dict[str, Any]) -> Review:
    verdict, fixed = row.get("verdict"), _perhaps(row, "fixed")
    if verdict not in VERDICTS or (verdict == "fix") != (fixed is not None):
        raise Foreign("unreadable")
    if not ID.fullmatch(_text(row, "row_id")):
        raise Foreign("unreadable")
    return Review(
        id=_text(row, "id"),
        at=_text(row, "at"),
        language=_text(row, "language"),
        dataset=_text(row, "dataset"),
        row_id=_text(row, "row_id"),
        verdict=str(verdict),
        fixed=fixed,
        reviewer=_text(row, "reviewer"),
        credit=_name(row),
    )


def _messages(value: object) -> tuple[tuple[str, str], ...]:
    turns = value if isinstance(value, list) else []
    known = [turn for turn in turns if isinstance(turn, dict) and turn.get("role") in ROLES]
    texts = [turn for turn in known if isinstance(turn.get("content"), str)]
    if not texts or len(texts) != len(turns) or texts[-1]["role"] != "user":
        raise Foreign("unreadable")
    return tuple((turn["role"], turn["content"]) for turn in texts)


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise Foreign("unreadable")
    return value


def _perhaps(row: dict[str, Any], key: str) -> str | None:
    return None if row.get(key) is None else _text(row, key)


def _name(row: dict[str, Any]) -> str | None:
    """A name on one line, of a length that a card can bear; None for nobody."""
    name = " ".join((_perhaps(row, "credit") or "").split())
    return name[:LONGEST_NAME] or None
