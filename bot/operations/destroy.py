"""Take an installation down.

What triggers the bot, acts or costs money goes first. What people have made stays unless the
operator says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from bot.domain import names
from bot.domain.recipe import Recipe
from bot.hub import inventory, uninstall
from bot.hub.client import Connection
from bot.installation.diff import Change, removal
from bot.installation.state import Installation, Part, Schedule, Webhook
from bot.settings import Settings


def plan_removal(
    hub: Connection, recipe: Recipe, settings: Settings, everything: bool
) -> tuple[tuple[Change, ...], Installation]:
    """Return what `destroy` would do, and the actual state. Raises Refused and TryLater."""
    wheel = names.wheel(metadata.version("kakugo-bot"))
    actual = inventory.read_installation(hub, wheel, recipe.endpoint_name)
    jobs, repos = uninstall.list_alive_jobs(hub), uninstall.list_repos(hub)
    return removal(actual, hub.org, jobs, repos, everything), actual


def destroy(hub: Connection, changes: tuple[Change, ...], actual: Installation) -> Iterator[str]:
    """Apply the changes of `plan_removal` and yield a line after each."""
    for change in changes:
        if change.sign != "=":
            remove(hub, change, actual)
            yield str(change)


def remove(hub: Connection, change: Change, actual: Installation) -> None:
    """Delete one part, or pause it if the change is an update."""
    is_duplicate = (change.part, change.name) in actual.duplicates
    match change.part:
        case Part.WEBHOOK:
            uninstall.delete_webhook(hub, change.name if is_duplicate else _id(actual.webhook))
        case Part.SCHEDULE:
            uninstall.delete_schedule(hub, change.name if is_duplicate else _id(actual.schedule))
        case Part.JOB:
            uninstall.cancel_job(hub, change.name)
        case Part.ENDPOINT:
            uninstall.delete_endpoint(hub, change.name)
        case Part.COLLECTION if actual.collection:
            uninstall.delete_collection(hub, actual.collection.slug)
        case Part.WHEEL:
            uninstall.delete_wheel(hub, change.name)
        case Part.SPACE if change.sign == "~":
            uninstall.pause_space(hub, change.name)
        case Part.SPACE | Part.DATASET | Part.MODEL:
            uninstall.delete_repo(hub, change.part, change.name)


def _id(part: Webhook | Schedule | None) -> str:
    return part.id if part else ""
