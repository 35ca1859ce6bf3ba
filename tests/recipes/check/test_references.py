"""The sentences that a check asks about: drawn at random, or none, which ends it unpaid."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from recipes.check import references
from recipes.core.errors import Unworkable, UserError


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A reader of a Hub whose benchmark has no config but French."""
    monkeypatch.setitem(sys.modules, "datasets", ModuleType("datasets"))
    monkeypatch.setattr("recipes.check.references.configs", lambda *_: ["fra_Latn"])
    api = SimpleNamespace(repo_info=lambda *_, **__: SimpleNamespace(sha="0" * 40))
    return SimpleNamespace(api=api, texts=lambda *_: (), commits={}, seed=1)


KNOWN = SimpleNamespace(dataset="practice/flores", configs={}, split="dev")
SETTINGS: Any = SimpleNamespace(known=KNOWN, sentences=5)


def test_a_check_without_any_sentence_can_never_work(library: Any) -> None:
    with pytest.raises(Unworkable, match="practice/flores has neither epo_Latn nor English"):
        references.read(library, SETTINGS, "epo_Latn", ())


def test_what_only_a_token_can_read_may_work_later(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gated(*_: object) -> dict[str, str]:
        raise UserError("practice/flores is gated")

    monkeypatch.setattr("recipes.check.references._by_id", gated)
    monkeypatch.setattr("recipes.check.references.get_token", lambda: None)
    with pytest.raises(UserError, match="is gated") as refused:
        references.read(library, SETTINGS, "epo_Latn", ())
    assert not isinstance(refused.value, Unworkable)


def test_sentences_are_of_the_whole_split_with_their_originals(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {str(number): str(number) for number in range(1000)}
    monkeypatch.setattr("recipes.check.references._by_id", lambda *_: rows)
    read = references.read(library, SETTINGS, "epo_Latn", ())
    assert read == references.read(library, SETTINGS, "epo_Latn", ())
    assert read.texts == read.english and len(set(read.texts)) == 5
    assert max(map(int, read.texts)) - min(map(int, read.texts)) > 300
