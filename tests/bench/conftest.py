"""Measurements run when they are asked for (`make bench`), not with the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_PROGRESS_BARS="1")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder out unless an argument names it."""
    return None if any("bench" in argument for argument in config.args) else True
