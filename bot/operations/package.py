"""This checkout of the repository as what is deployed from it: a wheel and the Spaces' files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bot.errors import Failure
from bot.installation.state import FOLDERS, Checkout, wheel_of

ROOT = Path(__file__).parents[2]
LITTER = ("__pycache__", ".pyc", "_cache")


class NoCheckout(Failure):
    """What is missing here, or why the wheel could not be built."""


def read() -> Checkout:
    """Build the wheel and read the Spaces; same files, same bytes. Raises NoCheckout."""
    if not (ROOT / "spaces").is_dir():
        raise NoCheckout("deploy needs a checkout of the repository, with its folder spaces/")
    with tempfile.TemporaryDirectory() as folder:
        wheel = _build_wheel(Path(folder))
        content = wheel.read_bytes()
    spaces = {name: _space(ROOT / "spaces", name) for name in FOLDERS.values()}
    return Checkout(wheel_of(wheel.name, content), content, spaces)


def _space(spaces: Path, name: str) -> dict[str, bytes]:
    """A Space's own files; the Gradio apps also get the folder that they share."""
    shared = {} if name == "bot" else _files(spaces / "common")
    return _files(spaces / name) | {f"common/{path}": data for path, data in shared.items()}


def _files(folder: Path) -> dict[str, bytes]:
    """Path → content of what belongs to a Space; caches do not."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.endswith(LITTER) for part in path.parts)
    }


def _build_wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise NoCheckout(f"the wheel could not be built: {done.stderr.strip()[-300:]}")
    return wheels[0]
