"""Measurements are not tests: they run when they are named (`make bench`)."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = any("bench" in str(argument) for argument in config.args)
    return None if named else True
