"""What a person says about an answer: the row that is stored, its key, and the limits.

Pure. The key is the person's alone: the row's id is a hash of it, so whoever has the key may delete
the row, whoever reads the dataset may not, and this Space remembers nothing about anybody.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters import CODE, Adapter
from conversation import Message

SCHEMA = 1
LICENCE = "CC-BY-4.0"
CATEGORIES = ("wrong_language", "unnatural", "wrong_fact", "offensive")
RATINGS = ("up", "down")
LONGEST_CORRECTION = 4000
LONGEST_CREDIT = 80
MOST_BYTES = 64_000
_RECEIPT = re.compile(rf"kakugo-({CODE})-(\d{{4}}-\d\d-\d\d)-([0-9a-f]{{32}})")


@dataclass(frozen=True)
class Receipt:
    """What a person gets for a row: enough to find it and the right to delete it."""

    code: str
    day: str
    key: str

    @classmethod
    def new(cls, code: str, now: datetime) -> Receipt:
        """A receipt with a fresh key."""
        return cls(code, now.date().isoformat(), secrets.token_hex(16))

    @classmethod
    def read(cls, text: str) -> Receipt | None:
        """Read what a person pasted; None for anything else."""
        found = _RECEIPT.fullmatch(text.strip())
        return cls(*found.groups()) if found else None

    def __str__(self) -> str:
        return f"kakugo-{self.code}-{self.day}-{self.key}"

    @property
    def id(self) -> str:
        """The row's id, which tells nothing about the key."""
        digest = hashlib.sha256(self.key.encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    @property
    def path(self) -> str:
        """Where the row stands in the dataset."""
        return f"data/{self.code}/{self.day}/{self.id}.jsonl"


@dataclass(frozen=True)
class Draft:
    """The answer that somebody wants to say something about, as it stood at that moment."""

    adapter: Adapter
    messages: tuple[Message, ...]
    response: str


@dataclass(frozen=True)
class Opinion:
    """What a person filled in."""

    rating: str | None = None
    correction: str = ""
    categories: tuple[str, ...] = ()
    credit: str = ""
    consent: bool = False


def opinion(
    draft: Draft,
    rating: object,
    correction: str | None,
    categories: object,
    credit: str | None,
    consent: object,
) -> Opinion:
    """Read the form: unknown choices are left out, a correction that changes nothing is none."""
    chosen = categories if isinstance(categories, list) else []
    better = clean(correction or "").strip()
    return Opinion(
        rating if isinstance(rating, str) and rating in RATINGS else None,
        "" if better == clean(draft.response).strip() else better,
        tuple(one for one in CATEGORIES if one in chosen),
        " ".join(clean(credit or "").split()),
        consent is True,
    )


def refuse(said: Opinion) -> str:
    """The key of the sentence that says why this is not taken; empty when it is."""
    if not said.consent:
        return "consent_missing"
    if not (said.rating or said.correction or said.categories):
        return "opinion_missing"
    if len(said.correction) > LONGEST_CORRECTION:
        return "correction_long"
    return "credit_long" if len(said.credit) > LONGEST_CREDIT else ""


def row(receipt: Receipt, now: datetime, draft: Draft, said: Opinion) -> str:
    """The line that is stored; the oldest turns are left out when it would be too long."""
    messages = [{key: clean(text) for key, text in one.items()} for one in draft.messages]
    while len(line := _line(receipt, now, draft, said, messages)) > MOST_BYTES and messages[2:]:
        messages = messages[2:]
    return line


def _line(
    receipt: Receipt, now: datetime, draft: Draft, said: Opinion, messages: Sequence[Message]
) -> str:
    stored: dict[str, Any] = {
        "schema": SCHEMA,
        "id": receipt.id,
        "at": now.isoformat(timespec="seconds"),
        "kind": "chat",
        "language": draft.adapter.code,
        "model": draft.adapter.repo,
        "revision": draft.adapter.revision,
        "base": draft.adapter.base,
        "messages": messages,
        "response": clean(draft.response),
        "rating": said.rating,
        "correction": said.correction or None,
        "categories": list(said.categories),
        "consent": said.consent,
        "licence": LICENCE,
        "credit": said.credit or None,
    }
    return json.dumps(stored, ensure_ascii=False) + "\n"


def clean(text: str) -> str:
    """Text without control characters and lone surrogates; joiners and bidi marks are letters."""
    kept = (
        sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Cs")
    )
    return "".join(kept)
