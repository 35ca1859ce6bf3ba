"""A check without any sentence ends before the teacher is paid."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from recipes.check import references
from recipes.core.errors import Unworkable


def test_a_check_without_any_sentence_can_never_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", ModuleType("datasets"))
    monkeypatch.setattr("recipes.check.references.configs", lambda *_: ["fra_Latn"])
    api = SimpleNamespace(repo_info=lambda *_, **__: SimpleNamespace(sha="0" * 40))
    library: Any = SimpleNamespace(api=api, texts=lambda *_: (), commits={})
    known = SimpleNamespace(dataset="practice/flores", configs={}, split="dev")
    settings: Any = SimpleNamespace(known=known, sentences=5)
    with pytest.raises(Unworkable, match="practice/flores has neither epo_Latn nor English"):
        references.read(library, settings, "epo_Latn", ())
