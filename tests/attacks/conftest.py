"""Put the folders of both Spaces on the path, as they are when the Hub runs `app.py`."""

from __future__ import annotations

import sys
from pathlib import Path

SPACES = Path(__file__).parents[2] / "spaces"
sys.path += [str(SPACES / name) for name in ("leaderboard", "chat", "")]
