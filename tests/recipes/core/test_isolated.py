"""Work in a process of its own: its outcome comes back, and the process never outlives ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.core.isolated import run_isolated
from tests.recipes.core.ignored_sigint import preexec

PARENT = """
import sys
from recipes.core.interrupts import restore_keyboard_interrupt
from recipes.core.isolated import run_isolated
from tests.recipes.core.test_isolated import wait
restore_keyboard_interrupt()
try:
    run_isolated(wait, sys.argv[1])
except KeyboardInterrupt:
    print("stopped")
"""
ROOT = Path(__file__).parents[3]


def wait(pid_file: str) -> None:
    """Write our process id and never return."""
    Path(pid_file).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(3600)


def divide(dividend: int, by: int) -> tuple[int, float]:
    """Return our process id and the quotient."""
    return os.getpid(), dividend / by


def refuse(text: str) -> None:
    """Raise an error of the user."""
    raise UserError(text)


def die() -> None:
    """Get killed, as on a machine without memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_return_value_comes_back_from_another_process() -> None:
    process, quotient = run_isolated(divide, 3, by=2)
    assert quotient == 1.5 and process != os.getpid()


def test_exception_is_raised_here() -> None:
    with pytest.raises(UserError) as refusal:
        run_isolated(refuse, "No such language.")
    assert str(refusal.value) == "No such language."
    with pytest.raises(ZeroDivisionError) as error:
        run_isolated(divide, 1, 0)
    assert "in divide" in str(error.value.__cause__), "the traceback of the other process"
    with pytest.raises(UserError, match="'die' crashed or was killed, .* Run this again"):
        run_isolated(die)


@pytest.mark.parametrize(
    ("stop", "ignored"),
    [
        (signal.SIGKILL, False),
        (signal.SIGTERM, False),
        (signal.SIGINT, False),
        (signal.SIGINT, True),
    ],
)
def test_process_ends_with_ours(stop: signal.Signals, ignored: bool, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(pid_file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec(ignored),
    ) as parent:
        try:
            wait_for(lambda: pid_file.exists() and pid_file.read_text("ascii"))
            parent.send_signal(stop)
            out, err = parent.communicate(timeout=30)
        finally:
            parent.kill()
    assert (out, err) == ("stopped\n" if stop == signal.SIGINT else "", "")
    child = int(pid_file.read_text("ascii"))
    wait_for(lambda: has_ended(child))


def has_ended(process: int) -> bool:
    """Return whether no process has this id, except a zombie."""
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(condition: Callable[[], object]) -> None:
    """Wait up to 30 seconds."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")
