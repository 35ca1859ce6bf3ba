"""Commands of the Hub on this machine, and how their processes end."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from bot.localhub.compute import processes
from bot.localhub.compute.processes import local_command
from tests.bot.localhub.compute.process_tree import tree_code
from tests.bot.localhub.helpers import is_running


@pytest.mark.parametrize(
    ("command", "local"),
    [
        ("kakugo-recipe train", "kakugo-recipe train"),
        ("uv run kakugo-recipe --config x", "kakugo-recipe --config x"),
        ("uv run --with a --with=b -p 3.12 --no-project python -c 1", "python -c 1"),
        ("uv run --python 3.11 -- run.py --with x", "python run.py --with x"),
        ("uv run script.py a", "python script.py a"),
        ("uv pip install x", "uv pip install x"),
    ],
)
def test_leading_uv_run_is_removed(command: str, local: str) -> None:
    assert local_command(command.split()) == local.split()


def test_stop_cuts_a_longer_grace_period_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Hub that ends does not wait for a job that ignores SIGTERM."""
    monkeypatch.setattr(processes, "CLOSING_GRACE_SECONDS", 0.5)
    marker = f"marker{time.time_ns()}"
    code = tree_code(marker, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")

    async def stop_twice() -> None:
        process = await processes.start(
            [sys.executable, "-c", code], dict(os.environ), tmp_path / "work", tmp_path / "log"
        )
        while not is_running(marker):
            await asyncio.sleep(0.05)
        cancelled = asyncio.create_task(process.stop_within(120))
        await asyncio.sleep(0.2)
        await asyncio.wait_for(process.stop(), 20)
        await cancelled

    asyncio.run(stop_twice())
    assert not is_running(marker)


def test_stop_request_right_after_the_start_is_obeyed(tmp_path: Path) -> None:
    async def start_and_stop() -> None:
        process = await processes.start(
            ["sleep", "60"], dict(os.environ), tmp_path / "work", tmp_path / "log"
        )
        await asyncio.wait_for(process.stop_within(0.1), 20)

    asyncio.run(start_and_stop())
