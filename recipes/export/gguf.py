"""Convert a model to GGUF with llama.cpp's converter, which supports every architecture.

The converter is not on any package index. It is fetched with git at the commit that the recipe
names, which git verifies, and run as a program.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.export.settings import GgufSettings


def fetch(settings: GgufSettings, folder: Path) -> None:
    """Fetch llama.cpp at the pinned commit into the new `folder`, without its history.

    Raises UserError with the last line of git's error.
    """
    folder.mkdir(parents=True)
    for argv in (
        ["git", "init", "--quiet"],
        ["git", "fetch", "--quiet", "--depth", "1", "--", settings.repo, settings.commit],
        ["git", "checkout", "--quiet", "FETCH_HEAD"],
    ):
        _run(argv, folder, settings.minutes)


def convert(folder: Path, name: str, settings: GgufSettings, llama_cpp: Path) -> None:
    """Convert the transformers model in `folder` to one `name`-TYPE.gguf per type, beside it.

    Raises UserError with the last line of the converter's error; files of earlier types stay.
    """
    for gguf_type in settings.types:
        path = folder / f"{name}-{gguf_type}.gguf"
        unfinished = path.with_suffix(".unfinished")
        argv = [sys.executable, str(llama_cpp / settings.script), str(folder)]
        try:
            _run(
                [*argv, "--outfile", str(unfinished), "--outtype", gguf_type],
                llama_cpp,
                settings.minutes,
            )
            if not unfinished.is_file():
                raise UserError(f"llama.cpp's converter succeeded, but did not write {path.name}.")
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        say(f"{path.name}: {path.stat().st_size / 1e6:,.0f} MB")


def _run(argv: Sequence[str], folder: Path, minutes: float) -> None:
    try:
        process = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, timeout=60 * minutes, check=False
        )
    except FileNotFoundError as error:
        raise UserError(f"GGUF needs {argv[0]}, which is not installed here.") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{Path(argv[1]).name} took more than {minutes:g} minutes.") from error
    if process.returncode:
        last_line = next(iter(reversed(process.stderr.strip().splitlines())), "no error message")
        raise UserError(f"{Path(argv[0]).name} {Path(argv[1]).name} failed: {last_line}")
