"""Feedback from the form to the disk: what is stored, what never, and what survives a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import outbox as outbox_module
import pytest
from adapters import Adapter
from feedback import (
    CATEGORIES,
    LONGEST_CORRECTION,
    LONGEST_CREDIT,
    MOST_BYTES,
    Draft,
    Opinion,
    Receipt,
    opinion,
    refuse,
    row,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import by_code
from outbox import Full, Outbox

NOW = datetime(2026, 11, 24, 9, 30, 15, 999, tzinfo=UTC)
ADAPTER = Adapter("org/kakugo-base-epo_Latn", "abc", "org/base", by_code("epo_Latn"), False)
ASKED = ({"role": "user", "content": "Kio?"},)
DRAFT = Draft(ADAPTER, ASKED, "Bona tago")
CHAT = Path(__file__).parents[3] / "spaces" / "chat"


def test_a_row_holds_what_the_contract_says_and_nothing_else() -> None:
    receipt = Receipt("epo_Latn", "2026-11-24", "0" * 32)
    said = opinion(DRAFT, "down", "Bonan tagon", ["unnatural", "junk"], " Anna\n M. ", True)
    assert json.loads(row(receipt, NOW, DRAFT, said)) == {
        "schema": 1,
        "id": receipt.id,
        "at": "2026-11-24T09:30:15+00:00",
        "kind": "chat",
        "language": "epo_Latn",
        "model": "org/kakugo-base-epo_Latn",
        "revision": "abc",
        "base": "org/base",
        "messages": [{"role": "user", "content": "Kio?"}],
        "response": "Bona tago",
        "rating": "down",
        "correction": "Bonan tagon",
        "categories": ["unnatural"],
        "consent": True,
        "licence": "CC-BY-4.0",
        "credit": "Anna M.",
    }


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (Opinion("up"), "consent_missing"),
        (Opinion(consent=True), "opinion_missing"),
        (Opinion(credit="Anna", consent=True), "opinion_missing"),
        (Opinion("up", correction="x" * (LONGEST_CORRECTION + 1), consent=True), "correction_long"),
        (Opinion("up", credit="x" * (LONGEST_CREDIT + 1), consent=True), "credit_long"),
        (Opinion("up", consent=True), ""),
        (Opinion(categories=("offensive",), consent=True), ""),
        (Opinion(correction="Bone", consent=True), ""),
    ],
)
def test_nothing_is_taken_without_consent_or_content(said: Opinion, key: str) -> None:
    assert refuse(said) == key


def test_a_form_with_anything_in_it_is_read() -> None:
    said = opinion(DRAFT, ["up"], None, {"offensive"}, None, "yes")
    assert said == Opinion(None, "", (), "", False)
    assert opinion(DRAFT, "up", " Bona tago\n", [], "", True).correction == "", "nothing changed"
    every = opinion(DRAFT, "up", "", list(CATEGORIES), "", True)
    assert every.categories == CATEGORIES


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_hostile_text_is_data_on_one_line(question: str, correction: str) -> None:
    draft = Draft(ADAPTER, ({"role": "user", "content": question},), "Saluton")
    said = opinion(draft, "down", correction + "\x00\x1b[2J\ud800", [], "<img src=x>", True)
    line = row(Receipt("epo_Latn", "2026-11-24", "0" * 32), NOW, draft, said)
    assert line.count("\n") == 1 and len(line.splitlines()[0]) > 0
    stored = json.loads(line.encode("utf-8"))
    text = stored["messages"][0]["content"] + (stored["correction"] or "")
    assert not set(text) & {"\x00", "\x1b", "\x07"} and stored["credit"] == "<img src=x>"


def test_letters_that_are_invisible_are_kept() -> None:
    persian = "می\u200cخواهم\u200f"
    said = opinion(DRAFT, "down", persian, [], "", True)
    assert said.correction == persian


def test_a_long_conversation_keeps_its_end() -> None:
    turns = [{"role": role, "content": "x" * 9000} for role in ("user", "assistant")] * 5
    draft = Draft(ADAPTER, (*turns, *ASKED), "Bone")
    line = row(Receipt("epo_Latn", "2026-11-24", "0" * 32), NOW, draft, Opinion("up", consent=True))
    messages = json.loads(line)["messages"]
    assert len(line) <= MOST_BYTES and messages[-1] == ASKED[0] and messages[0]["role"] == "user"


def test_a_receipt_is_read_back_and_its_id_does_not_tell_the_key() -> None:
    one = Receipt.new("cat_Latn_vale1252", NOW)
    assert Receipt.read(f" {one}\n") == one and one != Receipt.new("cat_Latn_vale1252", NOW)
    assert str(uuid.UUID(one.id)) == one.id and one.key not in one.path
    assert one.path == f"data/cat_Latn_vale1252/2026-11-24/{one.id}.jsonl"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kakugo-epo_Latn-2026-11-24-" + "0" * 31,
        "kakugo-../../x-2026-11-24-" + "0" * 32,
        "kakugo-epo_Latn-2026-11-24-" + "0" * 32 + "/../..",
        "00000000-0000-4000-8000-000000000000",
    ],
)
def test_anything_else_is_no_receipt(text: str) -> None:
    assert Receipt.read(text) is None


def test_the_outbox_gives_back_what_was_put_and_forgets_what_was_dropped(tmp_path: Path) -> None:
    box = Outbox(tmp_path)
    for name in "abc":
        box.put(f"data/epo_Latn/2026-11-24/{name}.jsonl", name)
    assert box.drop("data/epo_Latn/2026-11-24/b.jsonl")
    assert not box.drop("data/epo_Latn/2026-11-24/other.jsonl")
    again = Outbox(tmp_path)
    assert list(again.rows(9).values()) == ["a", "c"] and len(again.rows(1)) == 1
    assert sorted(path[-7:] for path in again.drops()) == ["b.jsonl", "r.jsonl"]
    again.put("data/epo_Latn/2026-11-24/b.jsonl", "b")
    assert "b" not in again.rows(9).values(), "what is to be deleted is never added"
    again.added(again.rows(9))
    again.dropped(again.drops())
    assert Outbox(tmp_path).rows(9) == {} and Outbox(tmp_path).drops() == {}


def test_a_full_outbox_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MOST_FILES", 1)
    box = Outbox(tmp_path)
    box.put("a", "a")
    box.drop("b")
    with pytest.raises(Full):
        box.put("c", "c")
    with pytest.raises(Full):
        box.drop("d")


def test_a_kill_at_any_moment_loses_no_row_that_was_confirmed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from outbox import Outbox\n"
        "box = Outbox(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    box.put(f'data/{n:06}.jsonl', f'{n}\\n' * 500); print(n, flush=True)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, cwd=CHAT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        confirmed = [int(writer.stdout.readline()) for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        confirmed += [int(line) for line in writer.stdout.read().split("\n") if line]
    kept = Outbox(tmp_path).rows(10**6)
    assert {f"data/{n:06}.jsonl" for n in confirmed} <= set(kept)
    assert all(text == f"{int(path[5:11])}\n" * 500 for path, text in kept.items()), "whole rows"
    assert list((tmp_path / "half").iterdir()) == []
