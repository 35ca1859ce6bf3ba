"""Find the browser for browser tests: Chromium or Chrome on PATH.

Debian's headless shell is Chromium without the windows, and takes a third less processor.
"""

from __future__ import annotations

import shutil

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = "no Chromium on PATH: `make browser` installs it where apt-get is at hand"
