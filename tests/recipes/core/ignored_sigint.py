"""Start processes as a background shell does: with SIGINT ignored."""

from __future__ import annotations

import signal
from collections.abc import Callable


def preexec(ignored: bool) -> Callable[[], None]:
    """Return a `preexec_fn` after which SIGINT is ignored, or has its default action."""
    action = signal.SIG_IGN if ignored else signal.SIG_DFL

    def set_action() -> None:
        signal.signal(signal.SIGINT, action)

    return set_action
