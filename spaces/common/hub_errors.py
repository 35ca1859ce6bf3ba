"""The exceptions that a failing Hub raises."""

from __future__ import annotations

import httpx2

# The Hub client's own errors are subclasses of httpx2.HTTPError, OSError or ValueError.
HUB_ERRORS = (httpx2.HTTPError, OSError, ValueError)
