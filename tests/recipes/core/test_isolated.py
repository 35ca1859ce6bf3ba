"""Work in a process of its own: its outcome comes back, and it never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.core.isolated import run_isolated

WAIT = """
import sys
from recipes.core.isolated import run_isolated
from tests.recipes.core.test_isolated import wait
try:
    run_isolated(wait, sys.argv[1])
except KeyboardInterrupt:
    print("stopped")
"""
ROOT = Path(__file__).parents[3]


def wait(told: str) -> None:
    """Tell who we are, and never end."""
    Path(told).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(3600)


def divide(one: int, by: int) -> tuple[int, float]:
    """Our process and the quotient."""
    return os.getpid(), one / by


def refuse(text: str) -> None:
    """No."""
    raise UserError(text)


def die() -> None:
    """Be killed, as by a machine without memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_it_returns_comes_back_from_another_process() -> None:
    process, quotient = run_isolated(divide, 3, by=2)
    assert quotient == 1.5 and process != os.getpid()


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(UserError) as refusal:
        run_isolated(refuse, "No such language.")
    assert str(refusal.value) == "No such language."
    with pytest.raises(ZeroDivisionError) as error:
        run_isolated(divide, 1, 0)
    assert "in divide" in error.value.__notes__[0], "where it went wrong is told"
    with pytest.raises(UserError, match="'die' was killed: run this again"):
        run_isolated(die)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_we_end(how: signal.Signals, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with subprocess.Popen(
        [sys.executable, "-c", WAIT, str(told)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        child = int(patiently(lambda: told.exists() and told.read_text("ascii")))
        parent.send_signal(how)
        out, err = parent.communicate(timeout=30)
    assert (out, err) == ("stopped\n" if how == signal.SIGINT else "", "")
    patiently(lambda: ended(child))


def ended(process: int) -> bool:
    """Whether nothing runs under this number any more."""
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True


def patiently(look: object) -> str:
    """What it gives when it gives something."""
    assert callable(look)
    for _ in range(600):
        if found := look():
            return str(found)
        time.sleep(0.05)
    raise AssertionError("in vain")
