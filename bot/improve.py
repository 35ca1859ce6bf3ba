"""The next version of a model, from what speakers corrected; its discussion is told the outcome.

Run by a person on a machine that can train: three recipes one after the other, each of which leaves
at once when it is done already, and one comment that is looked for before it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot import names, recipe, replies
from bot.failure import Failure
from bot.hub import tell
from bot.hub.connect import Connection
from bot.request import Request, Status
from bot.settings import Settings
from bot.terms import Terms
from bot.world import Version


def improve(hub: Connection, settings: Settings, terms: Terms, request: Request) -> Iterator[str]:
    """Do all of it, yielding a sentence after each step. Raises Failure, Refused and TryLater."""
    if request.status is not Status.DONE:
        raise Failure(f"{request.id} is {request.status.value}: only what is done can be improved")
    for command in commands(hub.org, request):
        if recipe.run(command, settings, quiet=False).returncode:
            raise Failure(f"{command[1]} failed: mend what it says and run this again")
        yield f"{command[1]} is done"
    version = verdict(hub, request)
    text = replies.improved(version, request, terms)
    if tell.ensure_told(hub, request.discussion, f"version{version.tag[1:]}", text):
        yield f"discussion {request.discussion} is told"


def commands(org: str, request: Request) -> tuple[tuple[str, ...], ...]:
    """The argv of the three recipes."""
    spec = request.agreed
    adapter, data = names.adapter(org, spec.base, spec.key), names.dataset(org, spec.key)
    common: tuple[str, ...] = (
        "--config",
        spec.recipe,
        "--org",
        org,
        "--language",
        spec.language.code,
    )
    common += ("--request", request.id, "--dataset", data)
    feedback, results = names.feedback(org), names.results(org)
    return (
        ("kakugo-recipe", "train", *common, "--base", spec.base, "--into", adapter,
         "--feedback", feedback),
        ("kakugo-recipe", "promote", *common, "--base", spec.base, "--adapter", adapter,
         "--into", results),
        ("kakugo-recipe", "review-report", *common, "--feedback", feedback, "--adapter", adapter),
    )  # fmt: skip


def verdict(hub: Connection, request: Request) -> Version:
    """The newest version that was compared, and whether it was put in use."""
    spec = request.agreed
    adapter = names.adapter(hub.org, spec.base, spec.key)
    folder = f"{names.results_folder(adapter, spec.language.code)}/versions"
    text = tell.newest(hub, names.results(hub.org), folder)
    try:
        metrics = json.loads(text)["metrics"]
        version, promoted = str(metrics["version"]), metrics["promoted"] is True
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"the comparison in {folder} cannot be read: {error!r}") from error
    if not names.is_version(version):
        raise Failure(f"{version[:20]!r} in {folder} is no version")
    return Version(version, promoted, fresh=True)
