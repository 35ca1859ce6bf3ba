"""Feedback that waits for a decision, and the files that say what was decided.

Pure. `recipes/core/decisions.py` reads these files: a row counts if its author signed in and is
known, or if somebody who may decide has accepted it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adapters import CODE
from feedback import MAX_CREDIT_LENGTH, SCHEMA, clean
from reviews import Row

DECISIONS, REVIEWERS = "decisions", "reviewers"  # folders of a language, beside those of the days
Verdict = Literal["accept", "refuse"]
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_ROW_PATH = re.compile(rf"data/({CODE})/(\d{{4}}-\d\d-\d\d)/([0-9a-f-]{{36}})\.jsonl")


@dataclass(frozen=True)
class Contribution:
    """A stored row, as somebody who decides about it sees it.

    `account` is who sent it, "" if they had not signed in. `question` and `answer` are what it is
    about; they are empty for a review, whose `row_id` says where to find them. `rejected` is the
    worse answer of a blind test, `tied` the equally good one.
    """

    id: str
    day: str
    account: str
    credit: str
    question: str
    answer: str
    row_id: str
    verdict: str
    text: str
    rejected: str
    tied: str

    @classmethod
    def parse(cls, path: str, line: str) -> Contribution | None:
        """Read a stored row; return None if it is not one that can be accepted."""
        match = _ROW_PATH.fullmatch(path)
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not match or not isinstance(row, dict):
            return None
        stored = row.get("schema"), row.get("consent"), row.get("language"), row.get("id")
        if stored != (SCHEMA, True, match[1], match[3]):
            return None
        is_review = row.get("kind") == "review"
        messages = row.get("messages")
        last = messages[-1] if isinstance(messages, list) and messages else {}
        account = _text(row.get("account"))
        return cls(
            id=match[3],
            day=match[2],
            account=account if _ACCOUNT.fullmatch(account) else "",
            credit=_text(row.get("credit")),
            question=_text(last.get("content")) if isinstance(last, dict) else "",
            answer=_text(row.get("response")),
            row_id=_text(row.get("row_id")) if is_review else "",
            verdict=_text(row.get("verdict" if is_review else "rating")),
            text=_text(row.get("fixed" if is_review else "correction")),
            rejected=_text(row.get("rejected")),
            tied=_text(row.get("tied")),
        )

    def about(self, rows: dict[str, Row]) -> tuple[str, str]:
        """Return the question and the answer; `rows` are the reviewed ones by id."""
        row = rows.get(self.row_id)
        if row is None:
            return self.question, self.answer
        asked = [turn["content"] for turn in row.messages[:-1] if turn["role"] == "user"]
        return (asked[-1] if asked else ""), row.answer


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def decision_path(code: str, row_id: str) -> str:
    """Return the file of the decision on a row."""
    return f"data/{code}/{DECISIONS}/{row_id}.jsonl"


def reviewer_path(code: str, account: str) -> str:
    """Return the file that says whether somebody knows an account."""
    return f"data/{code}/{REVIEWERS}/{account}.jsonl"


def decision_line(
    row_id: str, verdict: Verdict, by: str, now: datetime, credit: str, text: str = ""
) -> str:
    """Return the decision on a row; `text` is another wording than the row's, if it is edited."""
    decision = {
        "schema": SCHEMA,
        "id": row_id,
        "at": now.isoformat(timespec="seconds"),
        "by": by,
        "verdict": verdict,
        "text": clean(text).strip() or None,
        "credit": " ".join(clean(credit).split())[:MAX_CREDIT_LENGTH] or None,
    }
    return json.dumps(decision, ensure_ascii=False) + "\n"


def reviewer_line(account: str, is_known: bool, by: str, now: datetime) -> str:
    """Return whether `by` knows the person behind an account."""
    reviewer = {
        "schema": SCHEMA,
        "account": account,
        "at": now.isoformat(timespec="seconds"),
        "by": by,
        "known": is_known,
    }
    return json.dumps(reviewer) + "\n"


def parse_reviewer(line: str) -> tuple[str, bool]:
    """Read what `reviewer_line` wrote; return no account (`""`) for anything else."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "", False
    account = row.get("account") if isinstance(row, dict) else None
    is_account = isinstance(account, str) and _ACCOUNT.fullmatch(account)
    return (str(account), row["known"] is True) if is_account and "known" in row else ("", False)
