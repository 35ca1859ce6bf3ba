"""Puts the folders of both Spaces on the path, as they are there when the Hub runs `app.py`."""

from __future__ import annotations

import sys
from pathlib import Path

SPACES = Path(__file__).parents[2] / "spaces"
for name in ("leaderboard", "chat"):
    sys.path.insert(0, str(SPACES / name))
sys.path.insert(0, str(Path(__file__).parent))  # space_rows and space_models
