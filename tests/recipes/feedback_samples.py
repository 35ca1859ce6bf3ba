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
        "credit": None, **more,
    }  # fmt: skip


def review(number: int, row_id: str, verdict: str, reviewer: str, **more: Any) -> dict[str, Any]:
    """Return a review of a dataset row."""
    return {
        "schema": 1, "id": f"10000000-0000-4000-8000-{number:012}",
        "at": f"2026-11-24T11:00:{number:02}+00:00", "kind": "review", "language": "epo_Latn",
        "dataset": "practice/chats", "revision": "0" * 40, "row_id": row_id, "verdict": verdict,
        "fixed": None, "reviewer": reviewer, "consent": True, "licence": "CC-BY-4.0",
        "credit": None, **more,
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


def push(api: HfApi, rows: Sequence[dict[str, Any]]) -> None:
    """Commit the rows where the Spaces store them."""
    api.create_repo(FEEDBACK, repo_type="dataset", exist_ok=True, private=True)
    api.create_commit(
        FEEDBACK,
        [CommitOperationAdd(f"data/{row['language']}/2026-11-24/{row['id']}.jsonl", json_line(row))
         for row in rows],
        repo_type="dataset",
        commit_message="Feedback",
    )  # fmt: skip


def json_line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
