"""Progress lines in a log."""

from __future__ import annotations

import io

import pytest

from recipes.core import progress
from recipes.core.progress import Progress


def test_a_log_has_only_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "MIN_INTERVAL", 0.0)
    log = io.StringIO()
    shown = Progress(4, "rows", log)
    for done in (0, 0, 0, 1, 1, 4, 4):
        shown.show(done, eta="?")
    assert log.getvalue().splitlines() == [f"progress: {done}/4 rows eta=?" for done in (0, 1, 4)]
