"""Make Ctrl-C work in processes that a background shell started."""

from __future__ import annotations

import signal


def restore_keyboard_interrupt() -> None:
    """Raise KeyboardInterrupt on SIGINT again if this process was started with SIGINT ignored.

    A shell without job control starts its background commands like this, and Python then leaves
    the signal ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
