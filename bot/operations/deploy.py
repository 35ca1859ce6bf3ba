"""Create or update an installation.

`deploy` compares the desired with the actual state and applies the differences, so it can be
killed at any point and run again. A second run finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain import names
from bot.domain.recipe import Recipe
from bot.hub import install, inventory
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.probes import Facts, examine, read_space_log
from bot.installation.billing import Billing, idle_costs, needs_zero_gpu
from bot.installation.diff import Change, compare
from bot.installation.state import (
    Checkout,
    Installation,
    Part,
    SpaceStage,
    desired_state,
    files_of,
    space_secrets,
)
from bot.operations import run_recipe
from bot.operations.destroy import remove
from bot.operations.doctor import diagnose
from bot.operations.findings import Finding, bad
from bot.operations.preflight import check_run_mode, preflight
from bot.settings import RunMode, Settings

SPACE_START_SECONDS = 300.0

# Parts that others refer to come first, what starts or calls the bot comes last.
PHASES = (
    (Part.DATASET, Part.WHEEL),
    (Part.SETUP, Part.ENDPOINT, Part.SPACE),
    (Part.SCHEDULE, Part.WEBHOOK, Part.COLLECTION),
)


@dataclass(frozen=True)
class Deployment:
    """A namespace of a Hub, and what `deploy` is to put there."""

    hub: Connection
    recipe: Recipe
    settings: Settings
    checkout: Checkout

    def states(self) -> tuple[Installation, Installation]:
        """Return the desired and the actual state. Raises TryLater and Refused."""
        teacher = self.recipe.endpoint_name
        wheel = self.checkout.wheel.name
        actual = inventory.read_installation(self.hub, wheel, teacher)
        needed = inventory.is_teacher_needed(self.hub)
        return (
            desired_state(self.recipe, self.settings, self.checkout, actual, needed),
            actual,
        )


@dataclass(frozen=True)
class Inspection:
    """What deployment and namespace are found to be, before anything is changed.

    `actual` is the reason why the installation cannot be read, if it cannot.
    """

    facts: Facts
    desired: Installation | None
    actual: Installation | str
    changes: tuple[Change, ...]


def inspect(deployment: Deployment) -> Inspection:
    """Read everything that decides whether the installation can work. Changes nothing."""
    checkout, recipe = deployment.checkout, deployment.recipe
    facts = examine(deployment.hub, deployment.settings, recipe, checkout.cards(deployment.hub.org))
    try:
        desired, actual = deployment.states()
    except (Refused, TryLater) as error:
        return Inspection(facts, None, str(error), ())
    return Inspection(facts, desired, actual, compare(desired, actual))


def preview(deployment: Deployment) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Return the lines of a dry run, and what keeps `deploy` from working."""
    inspection, settings = inspect(deployment), deployment.settings
    billing = inspection.facts.billing
    known = billing if isinstance(billing, Billing) else None
    costs = idle_costs(known, settings.org, settings.run_mode)
    lines = (*map(str, inspection.changes), *costs)
    return lines, _obstacles(deployment, inspection)


def deploy(deployment: Deployment) -> Iterator[str]:
    """Apply all changes and yield a line after each.

    Raises Refused before the first change if the installation could not work. Raises TryLater.
    """
    settings = deployment.settings
    applied, applied_before = 0, 0
    inspection = inspect(deployment)
    if obstacles := _obstacles(deployment, inspection):
        raise Refused("nothing was changed: " + "; ".join(map(str, obstacles)))
    assert inspection.desired is not None and isinstance(inspection.actual, Installation)
    desired, actual = inspection.desired, inspection.actual
    for phase in PHASES:
        if applied > applied_before:
            applied_before = applied
            if Part.WEBHOOK in phase and settings.run_mode is RunMode.SPACE:
                wait_for_bot(deployment)
            desired, actual = deployment.states()
        for change in compare(desired, actual):
            if change.part in phase and change.sign != "=":
                _apply(deployment, change, desired, actual, inspection.facts.billing)
                applied += 1
                yield str(change)
    yield "deployed" if applied else "nothing to do: the installation is up to date"
    if settings.run_mode is RunMode.SERVE and not settings.webhook_url:
        seconds = f"{settings.poll_seconds:g}"
        yield f"KAKUGO_WEBHOOK_URL is not set: the bot will check the Hub every {seconds} seconds"


def _obstacles(deployment: Deployment, inspection: Inspection) -> tuple[Finding, ...]:
    """Return the reasons why `deploy` does not begin."""
    recipe, settings = deployment.recipe, deployment.settings
    found = bad(preflight(recipe, settings, inspection.facts, inspection.changes))
    if not isinstance(inspection.actual, str):
        return (*found, *check_run_mode(settings, inspection.actual))
    return found or (Finding("bad", "installation", inspection.actual, "try again later"),)


def check(deployment: Deployment) -> tuple[Finding, ...]:
    """Return what `doctor` reports."""
    inspection = inspect(deployment)
    actual, logs = inspection.actual, {}
    if not isinstance(actual, str):
        logs = {
            name: read_space_log(deployment.hub, name)
            for name, space in actual.spaces.items()
            if space.stage is SpaceStage.BROKEN
        }
    recipe, settings = deployment.recipe, deployment.settings
    return diagnose(recipe, settings, inspection.facts, actual, inspection.changes, logs)


def wait_for_bot(deployment: Deployment) -> None:
    """Wait until the bot's Space runs: the webhook calls it. Raises TryLater and Refused."""
    name = names.bot(deployment.hub.org)
    install.wait_for_space(deployment.hub, name, SPACE_START_SECONDS)
    if inventory.read_space(deployment.hub, name).stage is SpaceStage.BROKEN:
        raise Refused(f"the Space {name} does not run: read its logs, then deploy again")


def _apply(
    deployment: Deployment,
    change: Change,
    desired: Installation,
    actual: Installation,
    billing: Billing | str | None,
) -> None:
    hub, settings = deployment.hub, deployment.settings
    if change.sign == "-":
        remove(hub, change, actual)
        return
    match change.part:
        case Part.DATASET:
            install.create_dataset(hub, change.name)
        case Part.WHEEL:
            install.push_wheel(hub, change.name, deployment.checkout)
        case Part.SETUP:
            for command in deployment.recipe.setup:
                _run_setup((*command, "--org", hub.org), settings)
            install.record_setup(hub, change.name)
        case Part.ENDPOINT if desired.endpoint:
            install.ensure_endpoint(hub, desired.endpoint, actual.endpoint)
        case Part.SPACE:
            space, existing = desired.spaces[change.name], actual.spaces.get(change.name)
            files = files_of(change.name, settings, deployment.checkout, actual)
            secrets = space_secrets(change.name, settings)
            zero_gpu = needs_zero_gpu(billing, change.name, hub.org)
            install.ensure_space(hub, change.name, space, existing, files, secrets, zero_gpu)
        case Part.COLLECTION if desired.collection:
            install.ensure_collection(hub, desired.collection, actual.collection)
        case Part.SCHEDULE if desired.schedule:
            install.ensure_schedule(hub, desired.schedule, actual.schedule, settings.bot_secrets)
        case Part.WEBHOOK if desired.webhook:
            install.ensure_webhook(
                hub, desired.webhook, actual.webhook, settings.webhook_secret, settings.bot_secrets
            )


def _run_setup(command: tuple[str, ...], settings: Settings) -> None:
    variables = {"HF_ENDPOINT": settings.endpoint, "HF_TOKEN": settings.token}
    process = run_recipe.run(command, capture=True, variables=variables)
    if process.returncode:
        raise Refused(f"{' '.join(command)} failed: {process.stderr.strip()[-300:]}")
