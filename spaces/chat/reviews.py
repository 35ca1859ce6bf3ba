"""Reviews of dataset rows: the rows to review, the reviewer, and the stored row.

Pure. The reviewer is a random name that their browser keeps: it says which verdicts come from one
person, and nothing about the person. Who has signed in is stored too, because only they can count
as a reviewer.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from conversation import Message, split_reasoning
from feedback import (
    LICENCE,
    MAX_CORRECTION_LENGTH,
    MAX_CREDIT_LENGTH,
    SCHEMA,
    Receipt,
    clean,
)

VERDICTS = ("keep", "fix", "drop")
MAX_REVIEWED_IDS = 2000
MAX_UNDO = 100  # steps of a page
_REVIEWER_NAME = re.compile(r"[0-9a-f]{16}")
_ROW_ID = re.compile(r"[0-9A-Za-z._:-]{1,80}")


@dataclass(frozen=True)
class Row:
    """A row that can be reviewed: its last message is from the assistant."""

    id: str
    messages: tuple[Message, ...]

    @classmethod
    def parse(cls, row_id: object, messages: object) -> Row | None:
        """Read a row of a dataset; return None if it cannot be reviewed."""
        turns = messages if isinstance(messages, list) else []
        parsed = tuple(
            {"role": str(turn["role"]), "content": str(turn["content"])}
            for turn in turns
            if isinstance(turn, dict) and turn.get("role") and turn.get("content")
        )
        if not isinstance(row_id, str) or not _ROW_ID.fullmatch(row_id) or not parsed:
            return None
        return cls(row_id, parsed) if parsed[-1]["role"] == "assistant" else None

    @property
    def answer(self) -> str:
        """The last message without its reasoning."""
        return split_reasoning(self.messages[-1]["content"])[1].strip()


@dataclass(frozen=True)
class Sample:
    """The rows of a language's dataset that everybody is shown in the same order."""

    code: str
    dataset: str
    revision: str
    rows: tuple[Row, ...]

    def next_row(self, reviewed: Sequence[str]) -> Row | None:
        """Return the first row whose id is not among the reviewed ones."""
        ids = set(reviewed)
        return next((row for row in self.rows if row.id not in ids), None)

    def count_reviewed(self, reviewed: Sequence[str]) -> int:
        """Return how many of the rows are among the reviewed ones."""
        return len({row.id for row in self.rows} & set(reviewed))


@dataclass(frozen=True)
class Reviewer:
    """What a browser remembers: its random name and the ids of the rows that it showed."""

    name: str
    reviewed: tuple[str, ...] = ()

    @classmethod
    def parse(cls, stored: object) -> Reviewer:
        """Read what the browser has stored; return a new reviewer for anything else."""
        state = stored if isinstance(stored, dict) else {}
        name, done = state.get("name"), state.get("done")
        if not isinstance(name, str) or not _REVIEWER_NAME.fullmatch(name):
            return cls(secrets.token_hex(8))
        ids = done if isinstance(done, list) else []
        return cls(name, tuple([i for i in ids if isinstance(i, str)][-MAX_REVIEWED_IDS:]))

    def with_reviewed(self, row: Row) -> Reviewer:
        """Return the reviewer with one more row."""
        return replace(self, reviewed=(*self.reviewed, row.id)[-MAX_REVIEWED_IDS:])

    def without(self, row: Row) -> Reviewer:
        """Return the reviewer as if they had not seen a row."""
        return replace(self, reviewed=tuple(id for id in self.reviewed if id != row.id))

    def to_json(self) -> dict[str, object]:
        """Return what the browser stores."""
        return {"name": self.name, "done": list(self.reviewed)}


@dataclass(frozen=True)
class ReviewStep:
    """What a reviewer did with a row: `answer` was in the box; a skipped row has no receipt."""

    row: Row
    answer: str
    receipt: Receipt | None = None


History = tuple[ReviewStep, ...]  # what was done on a page, oldest first


@dataclass(frozen=True)
class ReviewState:
    """How far a page has come: its sample, who reviews it, and what they did there."""

    sample: Sample | None
    reviewer: Reviewer
    history: History = ()

    def with_step(self, step: ReviewStep) -> ReviewState:
        """Return the state after one more step."""
        history = (*self.history, step)[-MAX_UNDO:]
        return replace(self, reviewer=self.reviewer.with_reviewed(step.row), history=history)

    def without_last(self) -> ReviewState:
        """Return the state as if the last step had not been taken."""
        *earlier, last = self.history
        return replace(self, reviewer=self.reviewer.without(last.row), history=tuple(earlier))


def check_review(verdict: str, row: Row, fixed: str, credit: str, consent: object) -> str:
    """Return the key of the text that says why a review is not accepted; empty if it is."""
    is_changed = clean(fixed).strip() != clean(row.answer)
    if consent is not True:
        return "consent_missing"
    if verdict == "fix" and not (is_changed and fixed.strip()):
        return "fix_unchanged"
    if verdict == "keep" and is_changed:
        return "keep_changed"
    if len(fixed) > MAX_CORRECTION_LENGTH and (verdict == "fix" or len(fixed) > len(row.answer)):
        return "correction_too_long"
    return "credit_too_long" if len(credit) > MAX_CREDIT_LENGTH else ""


def review_line(
    receipt: Receipt,
    now: datetime,
    sample: Sample,
    row: Row,
    verdict: str,
    fixed: str,
    reviewer: Reviewer,
    account: str,
    credit: str,
) -> str:
    """Return the line to store; `account` is the name on the Hub, "" for nobody."""
    review = {
        "schema": SCHEMA,
        "id": receipt.id,
        "at": now.isoformat(timespec="seconds"),
        "kind": "review",
        "language": sample.code,
        "dataset": sample.dataset,
        "revision": sample.revision,
        "row_id": row.id,
        "verdict": verdict,
        "fixed": clean(fixed).strip() if verdict == "fix" else None,
        "reviewer": reviewer.name,
        "consent": True,
        "licence": LICENCE,
        "account": account or None,
        "credit": " ".join(clean(credit).split()) or None,
    }
    return json.dumps(review, ensure_ascii=False) + "\n"
