"""Feedback on an answer: the form, the stored row, and the receipt that allows to delete it.

Pure. Only the person has the key: the row's id is a hash of it. With the key anyone can delete the
row; readers of the dataset cannot. Of a person, this Space stores only what they enter, and their
name on the Hub if they have signed in.
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
MAX_CORRECTION_LENGTH = 4000
MAX_CREDIT_LENGTH = 80
MAX_ROW_BYTES = 64_000  # the recipes refuse longer rows
_RECEIPT = re.compile(rf"kakugo-({CODE})-(\d{{4}}-\d\d-\d\d)-([0-9a-f]{{32}})", re.ASCII)


@dataclass(frozen=True)
class Receipt:
    """What a person gets for a row: enough to find it, and the right to delete it."""

    code: str
    day: str
    key: str

    @classmethod
    def new(cls, code: str, now: datetime) -> Receipt:
        """Return a receipt with a new key."""
        return cls(code, now.date().isoformat(), secrets.token_hex(16))

    @classmethod
    def parse(cls, text: str) -> Receipt | None:
        """Read what a person pasted; return None if it is not a receipt."""
        match = _RECEIPT.fullmatch(text.strip())
        return cls(*match.groups()) if match else None

    @classmethod
    def parse_all(cls, stored: object) -> list[Receipt]:
        """Return the receipts among what a browser has stored."""
        texts = stored if isinstance(stored, list) else []
        parsed = [cls.parse(text) for text in texts if isinstance(text, str)]
        return [receipt for receipt in parsed if receipt]

    def __str__(self) -> str:
        return f"kakugo-{self.code}-{self.day}-{self.key}"

    @property
    def id(self) -> str:
        """The row's id, from which the key cannot be computed."""
        digest = hashlib.sha256(self.key.encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    @property
    def path(self) -> str:
        """The row's file in the dataset."""
        return f"data/{self.code}/{self.day}/{self.id}.jsonl"


@dataclass(frozen=True)
class RatedAnswer:
    """The answer that feedback is about, with the conversation before it at that moment.

    In a blind test, `other` is the worse answer, or after a tie the equally good one, by the
    version at the commit `other_revision`.
    """

    adapter: Adapter
    messages: tuple[Message, ...]
    response: str
    other: str = ""
    other_revision: str = ""
    is_tie: bool = False


@dataclass(frozen=True)
class FeedbackForm:
    """What a person entered into the form."""

    rating: str | None = None
    correction: str = ""
    categories: tuple[str, ...] = ()
    credit: str = ""
    consent: bool = False


def parse_form(
    answer: RatedAnswer,
    rating: object,
    correction: str | None,
    categories: object,
    credit: str | None,
    consent: object,
) -> FeedbackForm:
    """Read the form; ignore unknown choices and a correction that is equal to the answer."""
    chosen = categories if isinstance(categories, list) else []
    corrected = clean(correction or "").strip()
    return FeedbackForm(
        rating if isinstance(rating, str) and rating in RATINGS else None,
        "" if corrected == clean(answer.response).strip() else corrected,
        tuple(category for category in CATEGORIES if category in chosen),
        " ".join(clean(credit or "").split()),
        consent is True,
    )


def check_form(form: FeedbackForm) -> str:
    """Return the key of the text that says why a form is not accepted; empty if it is."""
    if not form.consent:
        return "consent_missing"
    if not (form.rating or form.correction or form.categories):
        return "feedback_empty"
    if len(form.correction) > MAX_CORRECTION_LENGTH:
        return "correction_too_long"
    return "credit_too_long" if len(form.credit) > MAX_CREDIT_LENGTH else ""


def feedback_row(
    receipt: Receipt, now: datetime, answer: RatedAnswer, form: FeedbackForm, account: str
) -> str:
    """Return the line to store, without the oldest turns if it would be too long.

    `account` is the name on the Hub of who is signed in, "" for nobody.
    """
    messages = [{key: clean(text) for key, text in m.items()} for m in answer.messages]
    line = _line(receipt, now, answer, form, account, messages)
    while len(line.encode()) > MAX_ROW_BYTES and messages[2:]:
        messages = messages[2:]
        line = _line(receipt, now, answer, form, account, messages)
    return line


def _line(
    receipt: Receipt,
    now: datetime,
    answer: RatedAnswer,
    form: FeedbackForm,
    account: str,
    messages: Sequence[Message],
) -> str:
    other, other_revision = clean(answer.other) or None, answer.other_revision or None
    row: dict[str, Any] = {
        "schema": SCHEMA,
        "id": receipt.id,
        "at": now.isoformat(timespec="seconds"),
        "kind": "chat",
        "language": answer.adapter.code,
        "model": answer.adapter.repo,
        "revision": answer.adapter.revision,
        "base": answer.adapter.base,
        "messages": messages,
        "response": clean(answer.response),
        "rejected": None if answer.is_tie else other,
        "rejected_revision": None if answer.is_tie else other_revision,
        "tied": other if answer.is_tie else None,
        "tied_revision": other_revision if answer.is_tie else None,
        "rating": form.rating,
        "correction": form.correction or None,
        "categories": list(form.categories),
        "consent": form.consent,
        "licence": LICENCE,
        "account": account or None,
        "credit": form.credit or None,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def clean(text: str) -> str:
    """Remove control characters and lone surrogates; joiners and bidi marks are part of words."""
    kept = (
        char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")
    )
    return "".join(kept)
