"""From an empty namespace and a token to a running installation. Idempotent, step by step."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot import names
from bot.hub import install
from bot.hub.connect import Connection, Refused
from bot.programme import Programme
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
SPACES = ROOT / "spaces"


def deploy(hub: Connection, programme: Programme, settings: Settings) -> Iterator[str]:
    """Do all of it, yielding a sentence after each step. Raises Refused and TryLater."""
    if not SPACES.is_dir():
        raise Refused("deploy needs a checkout of the repository, with its folder spaces/")
    for repo in (names.ledger(hub.org), names.results(hub.org), names.code(hub.org)):
        install.ensure_dataset(hub, repo)
    yield "the datasets for requests, results and code are there"
    with tempfile.TemporaryDirectory() as folder:
        install.ensure_wheel(hub, build_wheel(Path(folder)))
    yield "the recipes' wheel is pushed"
    install.ensure_space(hub, names.leaderboard(hub.org), SPACES / "leaderboard")
    install.ensure_space(hub, names.chat(hub.org), SPACES / "chat")
    yield "the Spaces leaderboard and chat are pushed"
    for command in programme.setup:
        _run_setup((*command, "--org", hub.org), settings)
        yield f"{' '.join(command)} is done"
    if settings.webhook_url:
        install.ensure_webhook(hub, settings.webhook_url, settings.webhook_secret)
        yield "the webhook is registered"
    else:
        yield "no KAKUGO_WEBHOOK_URL is set: the bot will look by itself every poll"


def build_wheel(folder: Path) -> Path:
    """The wheel of this very checkout, the same bytes for the same files."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise Refused(f"the wheel could not be built: {done.stderr.strip()[-300:]}")
    return wheels[0]


def _run_setup(command: tuple[str, ...], settings: Settings) -> None:
    """Run a recipe's set-up command next to this interpreter; the token goes in the environment."""
    program = Path(sys.executable).parent / command[0]
    env = {
        **os.environ,
        "HF_ENDPOINT": settings.endpoint,
        "HF_TOKEN": settings.token,
    }
    done = subprocess.run(
        [str(program), *command[1:]], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")
