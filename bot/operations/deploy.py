"""From an empty namespace and a token to a running installation.

Looks, compares (`difference.py`), and does exactly what differs: so it may be killed anywhere and
run again, and a second run finds nothing to do.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain import names
from bot.domain.recipe import Programme
from bot.hub import install, inventory
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.probes import examine
from bot.installation.diff import Change, compare
from bot.installation.state import (
    Checkout,
    Installation,
    Part,
    Stage,
    files_of,
    space_secrets,
    wanted,
)
from bot.operations import run_recipe
from bot.operations.destroy import take_away
from bot.operations.doctor import Finding, diagnose
from bot.settings import Run, Settings

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
    checkout: Checkout

    def look(self) -> tuple[Installation, Installation]:
        """What is wanted, and what is there. Raises TryLater and Refused."""
        teacher = self.programme.teacher.name
        wheel = self.checkout.wheel.name
        seen = inventory.take(self.hub, wheel, teacher, self.settings.token)
        needed = inventory.teacher_needed(self.hub)
        return wanted(self.programme, self.settings, self.checkout, seen, needed), seen


def deploy(site: Site) -> Iterator[str]:
    """Do what differs, yielding each line when it is done. Raises Refused and TryLater."""
    settings = site.settings
    if settings.run is Run.SPACE and not settings.webhook_secret:
        raise Refused("KAKUGO_WEBHOOK_SECRET is not set: without it anybody could ring the bot")
    done, looked = 0, 0
    want, seen = site.look()
    for stage in STAGES:
        if done > looked:
            looked = done
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


def examined(site: Site) -> tuple[Finding, ...]:
    """What `doctor` says; a Hub that refuses is a finding. Raises TryLater."""
    settings, programme = site.settings, site.programme
    tokens = {"HF_TOKEN": settings.token}
    if settings.bot_token != settings.token:
        tokens["KAKUGO_BOT_TOKEN"] = settings.bot_token
    if settings.chat_token:
        tokens["KAKUGO_CHAT_TOKEN"] = settings.chat_token
    if settings.job_token != settings.bot_token:
        tokens["KAKUGO_JOB_TOKEN"] = settings.job_token
    facts = examine(site.hub, tokens, programme.teacher)
    try:
        want, seen = site.look()
    except Refused as error:
        return diagnose(programme, settings, facts, str(error), ())
    return diagnose(programme, settings, facts, seen, compare(want, seen))


def wait_for_host(site: Site) -> None:
    """Until the bot's Space has an address at which it can be rung. Raises TryLater and Refused."""
    name = names.bot(site.hub.org)
    deadline = time.monotonic() + SPACE_PATIENCE
    while not (space := inventory.space(site.hub, name)).host:
        if space.stage is Stage.BROKEN:
            raise Refused(f"the Space {name} does not run: read its logs, then deploy again")
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
            install.push_wheel(hub, change.name, site.checkout.content)
        case Part.SETUP:
            for command in site.programme.setup:
                _run_setup((*command, "--org", hub.org), settings)
            install.note_setup(hub, change.name)
        case Part.ENDPOINT if want.endpoint:
            install.ensure_endpoint(hub, want.endpoint, seen.endpoint)
        case Part.SPACE:
            space, there = want.spaces[change.name], seen.spaces.get(change.name)
            files = files_of(change.name, settings, site.checkout, seen)
            secrets = space_secrets(change.name, settings)
            install.ensure_space(hub, change.name, space, there, files, secrets)
        case Part.SCHEDULE if want.schedule:
            install.ensure_schedule(hub, want.schedule, seen.schedule, settings.bot_secrets)
        case Part.WEBHOOK if want.webhook:
            install.ensure_webhook(
                hub, want.webhook, seen.webhook, settings.webhook_secret, settings.bot_secrets
            )


def _run_setup(command: tuple[str, ...], settings: Settings) -> None:
    done = run_recipe.run(command, settings, quiet=True)
    if done.returncode:
        raise Refused(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")
