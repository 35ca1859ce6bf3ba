"""Feedback on answers and rows, as the chat makes and stores it.

Every file comes from the Space's own code, so that the recipes are tested on what it writes. A test
that needs what the chat never writes damages such a row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters import Adapter
from common.languages import by_code
from decisions import (
    Contribution,
    Verdict,
    decision_line,
    decision_path,
    reviewer_line,
    reviewer_path,
)
from feedback import RatedAnswer, Receipt, check_form, feedback_row, parse_form
from feedback_reader import FeedbackReader
from huggingface_hub import HfApi
from outbox import Outbox
from reviews import Reviewer, Row, Sample, check_review, review_line
from uploader import Uploader

FEEDBACK, CODE = "practice/kakugo-feedback", "epo_Latn"
ADAPTER = Adapter("practice/kakugo-epo", "0" * 40, "practice/tiny", by_code(CODE), True)
STEWARD = "fatima"
START = datetime(2026, 11, 24, 10, tzinfo=UTC)
DECIDED = START + timedelta(hours=2)
# Chats have the first hundred, reviews the second.
RECEIPTS = [Receipt(CODE, "2026-11-24", f"{number:032x}") for number in range(200)]
PATHS = {receipt.id: receipt.path for receipt in RECEIPTS}
HOSTILE = "Eva <script>alert(1)</script> | [x](http://evil.example) @everyone"
QUESTIONS = ("Kio estas tio?", "Kie estas la hundo?", "Kiu parolas nun?", "Kion vi volas manĝi?",
         "Kiam venos la trajno?", "Kiel vi fartas?")  # fmt: skip
ANSWERS = ("Tio estas granda domo.", "La hundo estas en la ĝardeno.", "Mia patrino parolas nun.",
        "Mi volas manĝi panon.", "La trajno venos morgaŭ.", "Mi fartas tre bone.")  # fmt: skip


def chat(
    number: int,
    prompt: str,
    response: str,
    *,
    correction: str = "",
    account: str = "eva",
    credit: str = "",
) -> dict[str, Any]:
    """Return feedback on an answer, with a thumb down; `account` is "" for nobody."""
    answer = RatedAnswer(ADAPTER, ({"role": "user", "content": prompt},), response)
    form = parse_form(answer, "down", correction or response, [], credit, True)
    assert not check_form(form)
    at = START + timedelta(seconds=number)
    return _parsed(feedback_row(RECEIPTS[number], at, answer, form, account))


def review(
    number: int,
    row_id: str,
    verdict: str,
    account: str,
    *,
    fixed: str = "",
    credit: str = "",
    reviewer: str = "0" * 16,
    dataset: str = "practice/chats",
) -> dict[str, Any]:
    """Return a review of a dataset row; `account` is "" for nobody."""
    row = Row.parse(row_id, [{"role": "assistant", "content": "Io."}])
    assert row
    fixed = fixed or row.answer
    assert not check_review(verdict, row, fixed, credit, True)
    receipt, at = RECEIPTS[100 + number], START + timedelta(hours=1, seconds=number)
    sample, who = Sample(CODE, dataset, "0" * 40, (row,)), Reviewer(reviewer)
    return _parsed(review_line(receipt, at, sample, row, verdict, fixed, who, account, credit))


def corrections(account: str = "eva") -> list[dict[str, Any]]:
    """Return corrections of six English answers into Esperanto; the first has a hostile credit."""
    return [
        chat(n, question, f"I do not know {n}.", correction=answer, account=account,
             credit="" if n else HOSTILE)
        for n, (question, answer) in enumerate(zip(QUESTIONS, ANSWERS, strict=True))
    ]  # fmt: skip


def known_reviewer(account: str) -> dict[str, Any]:
    """Return what the chat stores when the steward says that she knows an account."""
    return _parsed(reviewer_line(account, True, STEWARD, DECIDED))


def decision(
    row: dict[str, Any], verdict: Verdict = "accept", *, text: str = "", credit: str | None = None
) -> dict[str, Any]:
    """Return what the chat stores when the steward decides on a row.

    `text` is another wording, `credit` another name than the row's, "" for nobody.
    """
    shown = Contribution.parse(PATHS[row["id"]], json_line(row).decode())
    assert shown
    name = shown.credit if credit is None else credit
    return _parsed(decision_line(shown.id, verdict, STEWARD, DECIDED, name, text))


def push(api: HfApi, rows: Sequence[dict[str, Any]]) -> None:
    """Have the chat store the rows on the Hub; the steward knows the authors who signed in."""
    accounts = {row["account"] for row in rows if row["account"]}
    known = {reviewer_path(CODE, account): known_reviewer(account) for account in accounts}
    _upload(api, {PATHS[row["id"]]: row for row in rows} | known)


def accept(api: HfApi, rows: Sequence[dict[str, Any]]) -> None:
    """Have the steward accept these rows, among those that the chat shows her, as they are."""
    with TemporaryDirectory() as folder:
        waiting = FeedbackReader(api, FEEDBACK, Outbox(Path(folder))).read(CODE).rows
    shown = {row.id for row in waiting}
    chosen = [row for row in rows if row["id"] in shown]
    _upload(api, {decision_path(CODE, row["id"]): decision(row) for row in chosen})


def _upload(api: HfApi, files: dict[str, dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        outbox = Outbox(Path(folder))
        for path, row in files.items():
            outbox.add(path, json_line(row).decode())
        Uploader(api, FEEDBACK, outbox).upload()


def _parsed(line: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    return row


def json_line(row: dict[str, Any]) -> bytes:
    """Return a row as the chat writes it."""
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def attack() -> list[dict[str, Any]]:
    """Return what a script without an account sends under three made-up names."""
    chats = [
        chat(30 + n, QUESTIONS[n % 6], f"It {n}.", correction=f"Fi {n}.", account="",
             credit="Mallory")
        for n in range(16)
    ]  # fmt: skip
    return chats + [
        review(n, f"r{n % 12}", "drop", "", reviewer=f"{n % 3:016}", credit="Mallory")
        for n in range(36)
    ]
