"""Sample feedback on answers and rows, as the Spaces store it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi

FEEDBACK = "practice/kakugo-feedback"
HOSTILE = "Eva <script>alert(1)</script> | [x](http://evil.example) @everyone"
QUESTIONS = ("Kio estas tio?", "Kie estas la hundo?", "Kiu parolas nun?", "Kion vi volas manĝi?",
         "Kiam venos la trajno?", "Kiel vi fartas?")  # fmt: skip
ANSWERS = ("Tio estas granda domo.", "La hundo estas en la ĝardeno.", "Mia patrino parolas nun.",
        "Mi volas manĝi panon.", "La trajno venos morgaŭ.", "Mi fartas tre bone.")  # fmt: skip


def chat(number: int, prompt: str, response: str, **more: Any) -> dict[str, Any]:
    """Return feedback on an answer."""
    return {
        "schema": 1, "id": f"00000000-0000-4000-8000-{number:012}",
        "at": f"2026-11-24T10:00:{number:02}+00:00", "kind": "chat", "language": "epo_Latn",
        "model": "practice/kakugo-epo", "revision": "0" * 40, "base": "practice/tiny",
        "messages": [{"role": "user", "content": prompt}], "response": response, "rating": "down",
        "correction": None, "categories": [], "consent": True, "licence": "CC-BY-4.0",
        "account": "eva", "credit": None, **more,
    }  # fmt: skip


def review(
    number: int, row_id: str, verdict: str, account: str | None, **more: Any
) -> dict[str, Any]:
    """Return a review of a dataset row."""
    return {
        "schema": 1, "id": f"10000000-0000-4000-8000-{number:012}",
        "at": f"2026-11-24T11:00:{number:02}+00:00", "kind": "review", "language": "epo_Latn",
        "dataset": "practice/chats", "revision": "0" * 40, "row_id": row_id, "verdict": verdict,
        "fixed": None, "reviewer": "0" * 16, "account": account, "consent": True,
        "licence": "CC-BY-4.0", "credit": None, **more,
    }  # fmt: skip


def corrections() -> list[dict[str, Any]]:
    """Return corrections of six English answers into Esperanto; the first has a hostile credit."""
    pairs = zip(QUESTIONS, ANSWERS, strict=True)
    rows = [
        chat(i, question, f"I do not know {i}.", correction=answer)
        for i, (question, answer) in enumerate(pairs)
    ]
    rows[0]["credit"] = HOSTILE
    return rows


def known_reviewer(account: str) -> dict[str, Any]:
    """Return what the chat stores when the steward `fatima` says that she knows an account."""
    return {
        "schema": 1, "account": account, "at": "2026-11-24T12:00:00+00:00", "by": "fatima",
        "known": True,
    }  # fmt: skip


def decision(row: dict[str, Any], verdict: str = "accept", **more: Any) -> dict[str, Any]:
    """Return what the chat stores when the steward `fatima` decides on a row."""
    return {
        "schema": 1, "id": row["id"], "at": "2026-11-24T12:00:00+00:00", "by": "fatima",
        "verdict": verdict, "text": None, "credit": row["credit"], **more,
    }  # fmt: skip


def push(
    api: HfApi, rows: Sequence[dict[str, Any]], decided: Sequence[dict[str, Any]] = ()
) -> None:
    """Commit the rows where the chat stores them; authors who signed in are known."""
    known = {row["account"]: known_reviewer(row["account"]) for row in rows if row["account"]}
    files = {f"2026-11-24/{row['id']}": row for row in rows}
    files |= {f"reviewers/{account}": row for account, row in known.items()}
    files |= {f"decisions/{row['id']}": row for row in decided}
    api.create_repo(FEEDBACK, repo_type="dataset", exist_ok=True, private=True)
    api.create_commit(
        FEEDBACK,
        [CommitOperationAdd(f"data/epo_Latn/{path}.jsonl", json_line(row))
         for path, row in files.items()],
        repo_type="dataset",
        commit_message="Feedback",
    )  # fmt: skip


def json_line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def attack() -> list[dict[str, Any]]:
    """Return what a script without an account sends under three made-up names."""
    credit = "Mallory"
    rows = [
        chat(30 + n, QUESTIONS[n % 6], f"It {n}.", correction=f"Fi {n}.", account=None,
             credit=credit)
        for n in range(16)
    ]  # fmt: skip
    return rows + [
        review(n, f"r{n % 12}", "drop", None, reviewer=f"{n % 3:016}", credit=credit)
        for n in range(36)
    ]
