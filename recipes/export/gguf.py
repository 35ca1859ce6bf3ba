"""GGUF by llama.cpp's own converter: it knows every architecture, and we need not.

It is on no package index, so it is fetched with git at the commit that the recipe names (git
itself checks that what came is what was named) and run as a program.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.export.settings import Converter


def convert(folder: Path, name: str, converter: Converter, scratch: Path) -> list[Path]:
    """Write `folder` (a transformers model) as one file `name`-TYPE.gguf each; into that folder."""
    source = fetch(converter, scratch / "llama.cpp")
    made = []
    for kind in converter.types:
        out = folder / f"{name}-{kind}.gguf"
        argv = [sys.executable, str(source / converter.script), str(folder)]
        _run([*argv, "--outfile", str(out), "--outtype", kind], source, converter.minutes)
        if not out.is_file():
            raise UserError(f"llama.cpp's converter ended well, but {out.name} is not there.")
        say(f"{out.name}: {out.stat().st_size / 1e6:,.0f} MB")
        made.append(out)
    return made


def fetch(converter: Converter, into: Path) -> Path:
    """llama.cpp at the pinned commit, without its history."""
    into.mkdir(parents=True)
    for argv in (
        ["git", "init", "--quiet"],
        ["git", "fetch", "--quiet", "--depth", "1", "--", converter.repo, converter.commit],
        ["git", "checkout", "--quiet", "FETCH_HEAD"],
    ):
        _run(argv, into, converter.minutes)
    return into


def _run(argv: Sequence[str], where: Path, minutes: float) -> None:
    try:
        done = subprocess.run(
            argv, cwd=where, capture_output=True, text=True, timeout=60 * minutes, check=False
        )
    except FileNotFoundError as error:
        raise UserError(f"GGUF needs {argv[0]}, which is not installed here.") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{Path(argv[1]).name} took more than {minutes:g} minutes.") from error
    if done.returncode:
        last = next(iter(reversed(done.stderr.strip().splitlines())), "it said nothing")
        raise UserError(f"{Path(argv[0]).name} {Path(argv[1]).name} failed: {last}")
