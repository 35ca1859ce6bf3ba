"""Read what people said about models and rows from the feedback dataset.

The chat writes one JSON line per row to `data/<code>/<day>/`. Rows without consent are not read,
and withdrawn rows are deleted from the dataset. All text in the rows is untrusted; `decisions.py`
says which rows count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recipes.core.row_edits import ID
from recipes.validation.documents import read_json

SCHEMA = 1
MAX_BYTES = 64_000
MAX_NAME_LENGTH = 80
ROLES = ("system", "user", "assistant")
RATINGS = ("up", "down", None)
VERDICTS = ("keep", "fix", "drop")


class InvalidRow(ValueError):
    """A row that is skipped, for the given reason."""


@dataclass(frozen=True)
class ChatFeedback:
    """Feedback on a model's response; `messages` end with the user's turn.

    `rejected` is an answer that the person found worse than the response. `account` is the person's
    name on the Hub, None if they did not sign in.
    """

    id: str
    at: str
    language: str
    model: str
    messages: tuple[tuple[str, str], ...]
    response: str
    rating: str | None
    correction: str | None
    account: str | None
    credit: str | None
    rejected: str | None = None

    def with_text(self, text: str) -> ChatFeedback:
        """Return the feedback with another wording of its correction."""
        return replace(self, correction=text)


@dataclass(frozen=True)
class Review:
    """A person's verdict on a row of a dataset; `account` as in `ChatFeedback`."""

    id: str
    at: str
    language: str
    dataset: str
    row_id: str
    verdict: str
    fixed: str | None
    account: str | None
    credit: str | None

    def with_text(self, text: str) -> Review:
        """Return the review with another wording of its fix; others have no wording."""
        return replace(self, fixed=text) if self.fixed is not None else self


@dataclass(frozen=True)
class Feedback:
    """The rows of one language from old to new, and the number of skipped rows by reason."""

    chats: tuple[ChatFeedback, ...]
    reviews: tuple[Review, ...]
    skipped: dict[str, int]


def parse(files: Iterable[bytes], code: str) -> Feedback:
    """Parse the lines of these files; every invalid row is skipped and counted."""
    chats, reviews, skipped = dict[str, ChatFeedback](), dict[str, Review](), Counter[str]()
    for line in (line for file in files for line in file.split(b"\n") if line.strip()):
        try:
            row = _parse_row(line, code)
        except InvalidRow as error:
            skipped[str(error)] += 1
        except ValueError:
            skipped["unreadable"] += 1
        else:
            if isinstance(row, ChatFeedback):
                chats[row.id] = row
            else:
                reviews[row.id] = row
    return Feedback(
        tuple(sorted(chats.values(), key=lambda row: (row.at, row.id))),
        tuple(sorted(reviews.values(), key=lambda row: (row.at, row.id))),
        dict(skipped),
    )


def _parse_row(line: bytes, code: str) -> ChatFeedback | Review:
    if len(line) > MAX_BYTES:
        raise InvalidRow("too_long")
    row = read_json(line, "the row")
    if not isinstance(row, dict) or row.get("schema") != SCHEMA:
        raise InvalidRow("unreadable")
    if row.get("consent") is not True:
        raise InvalidRow("no_consent")
    if row.get("language") != code:
        raise InvalidRow("another_language")
    if row.get("kind") == "review":
        return _review(row)
    if row.get("kind") == "chat":
        return _chat(row)
    raise InvalidRow("unknown_kind")


def _chat(row: dict[str, Any]) -> ChatFeedback:
    if row.get("rating") not in RATINGS:
        raise InvalidRow("unreadable")
    return ChatFeedback(
        id=_text(row, "id"),
        at=_time(row),
        language=_text(row, "language"),
        model=_text(row, "model"),
        messages=_messages(row.get("messages")),
        response=_text(row, "response"),
        rating=row.get("rating"),
        correction=_optional_text(row, "correction"),
        account=_optional_text(row, "account"),
        credit=_credit(row),
        rejected=_optional_text(row, "rejected"),
    )


def _review(row: dict[str, Any]) -> Review:
    verdict, fixed = row.get("verdict"), _optional_text(row, "fixed")
    if verdict not in VERDICTS or (verdict == "fix") != (fixed is not None):
        raise InvalidRow("unreadable")
    if not ID.fullmatch(_text(row, "row_id")):
        raise InvalidRow("unreadable")
    return Review(
        id=_text(row, "id"),
        at=_time(row),
        language=_text(row, "language"),
        dataset=_text(row, "dataset"),
        row_id=_text(row, "row_id"),
        verdict=str(verdict),
        fixed=fixed,
        account=_optional_text(row, "account"),
        credit=_credit(row),
    )


def _messages(value: object) -> tuple[tuple[str, str], ...]:
    turns = value if isinstance(value, list) else []
    valid = [
        turn
        for turn in turns
        if isinstance(turn, dict)
        and turn.get("role") in ROLES
        and isinstance(turn.get("content"), str)
    ]
    if not valid or len(valid) != len(turns) or valid[-1]["role"] != "user":
        raise InvalidRow("unreadable")
    return tuple((turn["role"], turn["content"]) for turn in valid)


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidRow("unreadable")
    return value


def _time(row: dict[str, Any]) -> str:
    text = _text(row, "at")
    datetime.fromisoformat(text)
    return text


def _optional_text(row: dict[str, Any], key: str) -> str | None:
    return None if row.get(key) is None else _text(row, key)


def _credit(row: dict[str, Any]) -> str | None:
    """Return the name to credit, on one line and shortened; None for nobody."""
    name = " ".join((_optional_text(row, "credit") or "").split())
    return name[:MAX_NAME_LENGTH] or None
