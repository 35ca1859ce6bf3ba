"""Collect benchmarks only if they are named, as `make bench` and `pytest tests/bench -s` do."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_named = any("bench" in str(argument) for argument in config.args)
    return None if is_named else True
