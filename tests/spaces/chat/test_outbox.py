"""The outbox: what it returns, how much it holds, and what survives a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import outbox as outbox_module
import pytest
from outbox import Outbox, OutboxFull

CHAT = Path(__file__).parents[3] / "spaces" / "chat"
DAY = "data/epo_Latn/2026-11-24"


def test_outbox_returns_what_was_added_without_what_was_deleted(tmp_path: Path) -> None:
    first = Outbox(tmp_path)
    for name in "abc":
        first.add(f"{DAY}/{name}.jsonl", name)
    assert first.delete(f"{DAY}/b.jsonl")
    assert not first.delete(f"{DAY}/other.jsonl")
    second = Outbox(tmp_path)
    assert list(second.rows(9).values()) == ["a", "c"] and len(second.rows(1)) == 1
    assert sorted(path[-7:] for path in second.deletions()) == ["b.jsonl", "r.jsonl"]
    second.add(f"{DAY}/b.jsonl", "b")
    assert "b" not in second.rows(9).values(), "a path to delete is never added"
    second.forget_rows(second.rows(9))
    second.forget_deletions(second.deletions())
    assert Outbox(tmp_path).rows(9) == {} and Outbox(tmp_path).deletions() == {}


def test_full_outbox_accepts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MAX_FILES", 1)
    outbox = Outbox(tmp_path)
    outbox.add("a", "a")
    outbox.delete("b")
    with pytest.raises(OutboxFull):
        outbox.add("c", "c")
    with pytest.raises(OutboxFull):
        outbox.delete("d")


def test_kill_at_any_moment_loses_no_confirmed_row(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from outbox import Outbox\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    outbox.add(f'data/{n:06}.jsonl', f'{n}\\n' * 500); print(n, flush=True)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=CHAT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        confirmed = [int(writer.stdout.readline()) for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        confirmed += [int(line) for line in writer.stdout.read().split("\n") if line]
    rows = Outbox(tmp_path).rows(10**6)
    assert {f"data/{n:06}.jsonl" for n in confirmed} <= set(rows)
    assert all(text == f"{int(path[5:11])}\n" * 500 for path, text in rows.items()), "whole rows"
    assert list((tmp_path / "half").iterdir()) == []
