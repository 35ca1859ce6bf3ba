"""Result rows and ledger records as the recipes and the bot write them."""

from __future__ import annotations

import json
from typing import Any

BASE = "practice/kakugo-practice-base"


def pair(
    code: str, benchmark: str, base: float, adapter: float, /, **more: Any
) -> list[dict[str, Any]]:
    """Return the base model's row and the adapter's row of one test."""
    flores = benchmark == "flores"
    common: dict[str, Any] = {
        "schema": 3,
        "language": code,
        "base": BASE,
        "benchmark": benchmark,
        "direction": f"eng_Latn-{code}" if flores else None,
        "metric": "chrF++" if flores else "accuracy",
        "n": 100,
        "chance": None if flores else 0.25,
        "signature": "nw:2",
        "practice": True,
        "request": "r1",
        "evaluated_at": "2026-11-20T10:00:00Z",
        "cost_usd": 0.25,
    }
    comparison = {
        "difference": adapter - base,
        "difference_ci": [adapter - base - 0.01, adapter - base + 0.01],
        "p": 0.0005,
        "significant": True,
    }
    adapter_row = {**common, "model": f"{BASE}-{code}", "role": "adapter", "value": adapter}
    return [
        {**common, "model": BASE, "role": "base", "value": base, **more},
        {**adapter_row, **comparison, **more},
    ]


def rows_of_all_roles(code: str, **more: Any) -> list[dict[str, Any]]:
    """Return rows of base, adapter and a peer on one test, and a test in English."""
    base, adapter = pair(code, "flores", 10.0, 50.0, ci=[9.0, 11.0], **more)
    peer = {**base, "role": "peer", "model": "o/other", "value": 30.0}
    english = pair(code, "sib200", 0.8, 0.7, test_language="eng_Latn")
    return [*english, base, adapter, peer]


def lines(*rows: dict[str, Any]) -> str:
    """Return the text of a `results.jsonl`."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def request(number: int, code: str, name: str, **more: Any) -> str:
    """Return a line of the ledger's `sheets/*.jsonl`."""
    language = {"code": code, "name": name, "autonym": name, "bcp47": "eo", "script": code[4:]}
    step = {"state": "made", "attempt": 1, "cost_usd": 0.5}
    record = {
        "schema": 3,
        "id": f"r{number}",
        "discussion": number,
        "author": "alice",
        "status": "done",
        "spec": {"language": language},
        "steps": {"check": step, "generate": step, "train": step, "evaluate": step},
    }
    return json.dumps({**record, **more})
