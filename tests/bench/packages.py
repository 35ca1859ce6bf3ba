"""Packages that only a bench needs, in folders of the cache of pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def installed(config: pytest.Config, name: str, *packages: str, with_needs: bool) -> Path:
    """Install packages into the folder `name` once; skip the bench where that is not possible."""
    folder = cache_folder(config) / name
    done = folder / ".installed"
    if not done.exists():
        needs = () if with_needs else ("--no-deps",)
        command = [sys.executable, "-m", "pip", "install", "-q", *needs, "--target", str(folder)]
        try:
            subprocess.run([*command, *packages], check=True, capture_output=True, timeout=3_600)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"{', '.join(packages)} cannot be installed: {error}")
        done.touch()
    return folder


def cache_folder(config: pytest.Config) -> Path:
    """Return the folder for what benches download."""
    assert config.cache
    return Path(config.cache.mkdir("downloads"))


def environment(packages: Path) -> dict[str, str]:
    """Return the environment of a process that finds the packages."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(packages)}
