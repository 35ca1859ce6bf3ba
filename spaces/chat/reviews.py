"""What a speaker says about a row of a dataset: the row that is stored, and whose turn is next.

Pure. The reviewer is a random name that their browser keeps: it says which verdicts are one
person's, and nothing about the person.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from conversation import Message, split_thought
from feedback import LICENCE, LONGEST_CORRECTION, LONGEST_CREDIT, SCHEMA, Receipt, clean

VERDICTS = ("keep", "fix", "drop")
MOST_REMEMBERED = 2000
_NAME = re.compile(r"[0-9a-f]{16}")
_ID = re.compile(r"[0-9A-Za-z._:-]{1,80}")


@dataclass(frozen=True)
class Row:
    """A row that can be reviewed: it ends with the assistant's turn."""

    id: str
    messages: tuple[Message, ...]

    @classmethod
    def read(cls, id_: object, messages: object) -> Row | None:
        """Read what a dataset holds; None for a row that cannot be reviewed."""
        turns = messages if isinstance(messages, list) else []
        known = tuple(
            {"role": str(turn["role"]), "content": str(turn["content"])}
            for turn in turns
            if isinstance(turn, dict) and turn.get("role") and turn.get("content")
        )
        if not isinstance(id_, str) or not _ID.fullmatch(id_) or not known:
            return None
        return cls(id_, known) if known[-1]["role"] == "assistant" else None

    @property
    def answer(self) -> str:
        """What the assistant says in the end, without its thoughts."""
        return split_thought(self.messages[-1]["content"])[1].strip()


@dataclass(frozen=True)
class Sample:
    """The rows of one language that everybody is shown in the same order."""

    code: str
    dataset: str
    revision: str
    rows: tuple[Row, ...]

    def next(self, done: Sequence[str]) -> Row | None:
        """The first row that this person has not seen."""
        seen = set(done)
        return next((row for row in self.rows if row.id not in seen), None)


@dataclass(frozen=True)
class Reviewer:
    """What a browser remembers: its random name and the rows that were shown."""

    name: str
    done: tuple[str, ...] = ()

    @classmethod
    def read(cls, kept: object) -> Reviewer:
        """Read what the browser gave back; a new name for anything else."""
        known = kept if isinstance(kept, dict) else {}
        name, done = known.get("name"), known.get("done")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return cls(secrets.token_hex(8))
        ids = [one for one in done if isinstance(one, str)] if isinstance(done, list) else []
        return cls(name, tuple(ids[-MOST_REMEMBERED:]))

    def saw(self, row: Row) -> Reviewer:
        """With one more row."""
        return replace(self, done=(*self.done, row.id)[-MOST_REMEMBERED:])

    def wire(self) -> dict[str, object]:
        """For the browser to keep."""
        return {"name": self.name, "done": list(self.done)}


def refuse(verdict: str, row: Row, fixed: str, credit: str, consent: object) -> str:
    """The key of the sentence that says why this is not taken; empty when it is."""
    changed = clean(fixed).strip() != clean(row.answer)
    if consent is not True:
        return "consent_missing"
    if verdict == "fix" and not (changed and fixed.strip()):
        return "fix_first"
    if verdict == "keep" and changed:
        return "keep_changed"
    if len(fixed) > LONGEST_CORRECTION and verdict == "fix":
        return "correction_long"
    return "credit_long" if len(credit) > LONGEST_CREDIT else ""


def line(
    receipt: Receipt,
    now: datetime,
    sample: Sample,
    row: Row,
    verdict: str,
    fixed: str,
    reviewer: Reviewer,
    credit: str,
) -> str:
    """The line that is stored."""
    stored = {
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
        "credit": " ".join(clean(credit).split()) or None,
    }
    return json.dumps(stored, ensure_ascii=False) + "\n"
