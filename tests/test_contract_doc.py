"""The tests that docs/CONTRACT.md names exist."""

from __future__ import annotations

import re

from tests.import_graph import ROOT


def test_every_named_test_exists() -> None:
    text = (ROOT / "docs" / "CONTRACT.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    assert len(named) > 50 and named - defined == set()
