"""Run the command line in the process of a test."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout

import pytest

from bot.cli.app import main


def kakugo(*args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which has imported everything."""
    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        patch.setattr(sys, "argv", ["kakugo", *args])
        for name in [name for name in os.environ if name.startswith(("KAKUGO_", "HF_TOKEN"))]:
            patch.delenv(name)
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as exit:
            status = int(exit.code or 0)
    return subprocess.CompletedProcess(args, status, stdout.getvalue(), stderr.getvalue())
