"""Build the wheel and collect the files of the Spaces from this checkout."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bot.domain import names
from bot.errors import UserError
from bot.installation.state import SPACE_FOLDERS, Checkout, wheel_of

ROOT = Path(__file__).parents[2]
IGNORED_SUFFIXES = ("__pycache__", ".pyc", "_cache")


class PackageError(UserError):
    """This is not a checkout, or the wheel cannot be built."""


def read() -> Checkout:
    """Build the wheel and read the Spaces; the same files give the same bytes.

    Raises PackageError.
    """
    if not (ROOT / "spaces").is_dir():
        raise PackageError(
            "this command needs a checkout of the repository: clone it, then run "
            "`pip install -e .` in it"
        )
    with tempfile.TemporaryDirectory() as folder:
        wheel = _build_wheel(Path(folder))
        content = wheel.read_bytes()
    spaces = {name: _space(ROOT / "spaces", name) for name in SPACE_FOLDERS.values()}
    constraints = (ROOT / names.CONSTRAINTS).read_bytes()
    return Checkout(wheel_of(wheel.name, content), content, constraints, spaces)


def _space(spaces: Path, name: str) -> dict[str, bytes]:
    """Return the files of a Space; the Gradio apps also get the folder that they share."""
    common = {} if name == "bot" else _files(spaces / "common")
    return _files(spaces / name) | {f"common/{path}": content for path, content in common.items()}


def _files(folder: Path) -> dict[str, bytes]:
    """Return path → content of all files in a folder except caches."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.endswith(IGNORED_SUFFIXES) for part in path.parts)
    }


def _build_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode or not wheels:
        raise PackageError(f"the wheel cannot be built: {process.stderr.strip()[-300:]}")
    return wheels[0]
