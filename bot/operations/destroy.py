"""Taking an installation down: first what rings, acts or spends; people's work only if told to."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from bot.domain import names
from bot.domain.recipe import Programme
from bot.hub import inventory, uninstall
from bot.hub.client import Connection
from bot.installation.diff import Change, leaving
from bot.installation.state import Installation, Part, Schedule, Webhook
from bot.settings import Settings


def parting(
    hub: Connection, programme: Programme, settings: Settings, everything: bool
) -> tuple[tuple[Change, ...], Installation]:
    """What `destroy` would take away, and what was seen. Raises Refused and TryLater."""
    wheel = names.wheel(metadata.version("kakugo-bot"))
    seen = inventory.take(hub, wheel, programme.teacher.name, settings.token)
    jobs, repos = uninstall.live_jobs(hub), uninstall.made(hub)
    return leaving(seen, hub.org, jobs, repos, everything), seen


def destroy(hub: Connection, changes: tuple[Change, ...], seen: Installation) -> Iterator[str]:
    """Take away what `parting` has listed, yielding each line when it is done."""
    for change in changes:
        if change.sign != "=":
            take_away(hub, change, seen)
            yield str(change)


def take_away(hub: Connection, change: Change, seen: Installation) -> None:
    """Carry out one line that takes something away or puts it to rest."""
    spare = (change.part, change.name) in seen.spare
    match change.part:
        case Part.WEBHOOK:
            uninstall.delete_webhook(hub, change.name if spare else _id(seen.webhook))
        case Part.SCHEDULE:
            uninstall.delete_schedule(hub, change.name if spare else _id(seen.schedule))
        case Part.JOB:
            uninstall.cancel(hub, change.name)
        case Part.ENDPOINT:
            uninstall.delete_endpoint(hub, change.name)
        case Part.WHEEL:
            uninstall.delete_wheel(hub, change.name)
        case Part.SPACE if change.sign == "~":
            uninstall.pause_space(hub, change.name)
        case Part.SPACE | Part.DATASET | Part.MODEL:
            uninstall.delete_repo(hub, change.part, change.name)


def _id(thing: Webhook | Schedule | None) -> str:
    return thing.id if thing else ""
