"""From an empty namespace and a token to a running installation.

Looks, compares (`difference.py`), and does exactly what differs: so it may be killed anywhere and
run again, and a second run finds nothing to do.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import names
from bot.destroy import take_away
from bot.difference import Change, compare
from bot.doctor import Finding, diagnose
from bot.hub import install, inventory
from bot.hub.connect import Connection, Refused, TryLater
from bot.hub.examine import examine
from bot.hub.watch import space_host
from bot.installation import Installation, Part, Stuff, files_of, wanted, wheel_of
from bot.programme import Programme
from bot.settings import Run, Settings

ROOT = Path(__file__).parent.parent
SPACES = ROOT / "spaces"
LITTER = ("__pycache__", ".pyc", "_cache")
SPACE_PATIENCE = 300.0

# What later parts are pinned to comes first; what starts or rings the bot comes last.
STAGES = (
    (Part.DATASET, Part.WHEEL),
    (Part.SETUP, Part.ENDPOINT, Part.SPACE),
    (Part.SCHEDULE, Part.WEBHOOK),
)


@dataclass(frozen=True)
class Site:
    """One namespace, and what is to stand there."""

    hub: Connection
    programme: Programme
    settings: Settings
    stuff: Stuff
    wheel: Path

    def look(self) -> tuple[Installation, Installation]:
        """What is wanted, and what is there. Raises TryLater and Refused."""
        teacher = self.programme.teacher.name
        seen = inventory.take(self.hub, self.wheel.name, teacher, self.settings.token)
        needed = inventory.teacher_needed(self.hub)
        return wanted(self.programme, self.settings, self.stuff, seen, needed), seen


def deploy(hub: Connection, programme: Programme, settings: Settings) -> Iterator[str]:
    """Do what differs, yielding each line when it is done. Raises Refused and TryLater."""
    if settings.run is Run.SPACE and not settings.webhook_secret:
        raise Refused("KAKUGO_WEBHOOK_SECRET is not set: without it anybody could ring the bot")
    with checked_out(hub, programme, settings) as site:
        done, looked = 0, 0
        want, seen = site.look()
        for stage in STAGES:
            if done > looked:
                looked = done
                want, seen = site.look()
            if Part.WEBHOOK in stage and settings.run is Run.SPACE:
                wait_for_host(site)
                want, seen = site.look()
            for change in compare(want, seen):
                if change.part in stage and change.sign != "=":
                    _carry_out(site, change, want, seen)
                    done += 1
                    yield str(change)
    yield "deployed" if done else "nothing to do: everything is there"
    if settings.run is Run.SERVE and not settings.webhook_url:
        yield "no KAKUGO_WEBHOOK_URL is set: the bot will look by itself every poll"


def difference(hub: Connection, programme: Programme, settings: Settings) -> tuple[Change, ...]:
    """What `deploy` would do; nothing is changed. Raises Refused and TryLater."""
    with checked_out(hub, programme, settings) as site:
        return compare(*site.look())


def examined(hub: Connection, programme: Programme, settings: Settings) -> tuple[Finding, ...]:
    """What `doctor` says; a Hub that refuses is a finding. Raises TryLater."""
    tokens = {"HF_TOKEN": settings.token}
    if settings.bot_token != settings.token:
        tokens["KAKUGO_BOT_TOKEN"] = settings.bot_token
    if settings.job_token != settings.bot_token:
        tokens["KAKUGO_JOB_TOKEN"] = settings.job_token
    facts = examine(hub, tokens, programme.teacher)
    try:
        with checked_out(hub, programme, settings) as site:
            want, seen = site.look()
    except Refused as error:
        return diagnose(programme, settings, facts, str(error), ())
    return diagnose(programme, settings, facts, seen, compare(want, seen))


@contextmanager
def checked_out(hub: Connection, programme: Programme, settings: Settings) -> Iterator[Site]:
    """This checkout, ready to be deployed: its wheel is built. Raises Refused without one."""
    if not SPACES.is_dir():
        raise Refused("deploy needs a checkout of the repository, with its folder spaces/")
    named = {names.leaderboard: "leaderboard", names.chat: "chat", names.bot: "bot"}
    spaces = {name(hub.org): read_folder(SPACES / folder) for name, folder in named.items()}
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        stuff = Stuff(wheel_of(wheel.name, wheel.read_bytes()), spaces)
        yield Site(hub, programme, settings, stuff, wheel)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Path → content of what belongs to a Space; caches do not."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.endswith(LITTER) for part in path.parts)
    }


def build_wheel(folder: Path) -> Path:
    """The wheel of this very checkout, the same bytes for the same files."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise Refused(f"the wheel could not be built: {done.stderr.strip()[-300:]}")
    return wheels[0]


def wait_for_host(site: Site) -> None:
    """Until the bot's Space has an address at which it can be rung. Raises TryLater."""
    name = names.bot(site.hub.org)
    deadline = time.monotonic() + SPACE_PATIENCE
    while not space_host(site.hub, name):
        if time.monotonic() > deadline:
            raise TryLater(f"the Space {name} has not come up yet: deploy again a little later")
        time.sleep(random.uniform(0.3, 1.0))


def _carry_out(site: Site, change: Change, want: Installation, seen: Installation) -> None:
    hub, settings = site.hub, site.settings
    if change.sign == "-":
        take_away(hub, change, seen)
        return
    match change.part:
        case Part.DATASET:
            install.make_dataset(hub, change.name)
        case Part.WHEEL:
            install.push_wheel(hub, site.wheel)
        case Part.SETUP:
            for command in site.programme.setup:
                _run_setup((*command, "--org", hub.org), settings)
            install.note_setup(hub, change.name)
        case Part.ENDPOINT if want.endpoint:
            install.ensure_endpoint(hub, want.endpoint, seen.endpoint)
        case Part.SPACE:
            space, there = want.spaces[change.name], seen.spaces.get(change.name)
            files = files_of(change.name, settings, site.stuff, seen)
            install.ensure_space(hub, change.name, space, there, files, settings.bot_secrets)
        case Part.SCHEDULE if want.schedule:
            install.ensure_schedule(hub, want.schedule, seen.schedule, settings.bot_secrets)
        case Part.WEBHOOK if want.webhook:
            install.ensure_webhook(
                hub, want.webhook, seen.webhook, settings.webhook_secret, settings.bot_secrets
            )


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
