"""People who say what they think of answers and rows, as the Spaces write it down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi

FEEDBACK = "practice/kakugo-feedback"
HOSTILE = "Eva <script>alert(1)</script> | [x](http://evil.example) @everyone"
ASKED = ("Kio estas tio?", "Kie estas la hundo?", "Kiu parolas nun?", "Kion vi volas manĝi?",
         "Kiam venos la trajno?", "Kiel vi fartas?")  # fmt: skip
SAID = ("Tio estas granda domo.", "La hundo estas en la ĝardeno.", "Mia patrino parolas nun.",
        "Mi volas manĝi panon.", "La trajno venos morgaŭ.", "Mi fartas tre bone.")  # fmt: skip


def chat(number: int, asked: str, response: str, **more: Any) -> dict[str, Any]:
    """A row about an answer."""
    return {
        "schema": 1, "id": f"00000000-0000-4000-8000-{number:012}",
        "at": f"2026-11-24T10:00:{number:02}+00:00", "kind": "chat", "language": "epo_Latn",
        "model": "practice/kakugo-epo", "revision": "0" * 40, "base": "practice/tiny",
        "messages": [{"role": "user", "content": asked}], "response": response, "rating": "down",
        "correction": None, "categories": [], "consent": True, "licence": "CC-BY-4.0",
        "credit": None, **more,
    }  # fmt: skip


def review(number: int, row_id: str, verdict: str, reviewer: str, **more: Any) -> dict[str, Any]:
    """A row about a row of a dataset."""
    return {
        "schema": 1, "id": f"10000000-0000-4000-8000-{number:012}",
        "at": f"2026-11-24T11:00:{number:02}+00:00", "kind": "review", "language": "epo_Latn",
        "dataset": "practice/chats", "revision": "0" * 40, "row_id": row_id, "verdict": verdict,
        "fixed": None, "reviewer": reviewer, "consent": True, "licence": "CC-BY-4.0",
        "credit": None, **more,
    }  # fmt: skip


def corrections() -> list[dict[str, Any]]:
    """Six answers in English, put right in Esperanto; the first by somebody with a foul name."""
    rows = [chat(i, asked, f"I do not know {i}.", correction=said)
            for i, (asked, said) in enumerate(zip(ASKED, SAID, strict=True))]  # fmt: skip
    rows[0]["credit"] = HOSTILE
    return rows


def push(api: HfApi, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows where the Spaces put them."""
    api.create_repo(FEEDBACK, repo_type="dataset", exist_ok=True, private=True)
    api.create_commit(
        FEEDBACK,
        [CommitOperationAdd(f"data/{row['language']}/2026-11-24/{row['id']}.jsonl", line(row))
         for row in rows],
        repo_type="dataset",
        commit_message="Feedback",
    )  # fmt: skip


def line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
