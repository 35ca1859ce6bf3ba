"""The changes that lead from the actual state of an installation to the desired one.

`deploy` applies these changes, `deploy --dry-run` prints them, `doctor` reports them, and
`destroy` uses `removal`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from bot.domain import names
from bot.installation.state import (
    BotJob,
    Collection,
    Endpoint,
    Installation,
    Part,
    Schedule,
    Space,
    SpaceStage,
    Webhook,
    Wheel,
)
from bot.settings import FORWARDED_VARIABLES

# The Hub writes these into every repo; they are not deleted.
HUB_FILES = (".gitattributes",)

_UNUSED = ("not used by this KAKUGO_RUN",)


@dataclass(frozen=True)
class Change:
    """One line of the difference.

    `sign` is + (create), ~ (update), - (delete) or = (unchanged).
    """

    sign: str
    part: Part
    name: str
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        verb = {"+": "create ", "~": "update ", "-": "delete ", "=": ""}[self.sign]
        reasons = f": {', '.join(self.reasons)}" if self.reasons else ""
        return f"{self.sign} {verb}{self.part} {self.name}{reasons}"


def compare(desired: Installation, actual: Installation) -> tuple[Change, ...]:
    """Return one change for each part, in the order in which an installation is built."""
    return tuple(
        [
            *(_presence(Part.DATASET, name, actual.datasets) for name in sorted(desired.datasets)),
            *_wheel(desired.wheel, actual.wheel),
            *(_presence(Part.SETUP, digest, actual.setup) for digest in sorted(desired.setup)),
            *_endpoint(desired.endpoint, actual.endpoint),
            *_spaces(desired.spaces, actual.spaces),
            *_schedule(desired.schedule, actual.schedule),
            *_webhook(desired.webhook, actual.webhook),
            *_collection(desired.collection, actual.collection),
            *(Change("-", part, id_, ("duplicate",)) for part, id_ in actual.duplicates),
        ]
    )


def removal(
    actual: Installation,
    org: str,
    jobs: Iterable[str],
    repos: Iterable[tuple[Part, str]],
    everything: bool,
) -> tuple[Change, ...]:
    """Return what `destroy` does; what triggers the bot, acts or costs money goes first.

    `jobs` are the ids of unfinished jobs. `repos` are all repos that belong to the installation or
    that it has made. Datasets, models and requests are deleted only with `everything`. Without it,
    the Space of the leaderboard is paused, because its Community tab holds the discussions.
    """
    changes = [Change("-", part, id_) for part, id_ in actual.duplicates]
    if actual.webhook:
        changes.append(Change("-", Part.WEBHOOK, _target(actual.webhook)))
    if actual.schedule:
        changes.append(Change("-", Part.SCHEDULE, actual.schedule.cron))
    bot_space = names.bot(org)
    if bot_space in actual.spaces:
        changes.append(Change("-", Part.SPACE, bot_space))
    changes += [Change("-", Part.JOB, job) for job in jobs]
    if actual.endpoint:
        changes.append(Change("-", Part.ENDPOINT, actual.endpoint.spec.name))
    if actual.collection and everything:
        changes.append(Change("-", Part.COLLECTION, names.COLLECTION))
    if actual.wheel and not everything:
        changes.append(Change("-", Part.WHEEL, actual.wheel.name))
    for part, repo in repos:
        if repo != bot_space or repo not in actual.spaces:
            changes.append(_repo_removal(part, repo, actual, org, everything))
    return tuple(changes)


def _repo_removal(
    part: Part, repo: str, actual: Installation, org: str, everything: bool
) -> Change:
    if everything or repo == names.chat(org):
        return Change("-", part, repo)
    space = actual.spaces.get(repo)
    if part is Part.SPACE and space is not None and space.stage is not SpaceStage.PAUSED:
        return Change("~", part, repo, ("pause it and keep its discussions",))
    return Change("=", part, repo, ("kept",))


def _presence(part: Part, name: str, present: frozenset[str]) -> Change:
    return Change("=" if name in present else "+", part, name)


def _change(part: Part, name: str, exists: bool, reasons: Sequence[str]) -> Change:
    """Return + for a part that does not exist, ~ for one with `reasons` to update it, else =."""
    if not exists:
        return Change("+", part, name)
    return Change("~" if reasons else "=", part, name, tuple(reasons))


def _wheel(desired: Wheel | None, actual: Wheel | None) -> Iterator[Change]:
    if desired is not None:
        same = actual is not None and actual.digests <= desired.digests
        reasons = [] if same else ["it differs from this checkout"]
        yield _change(Part.WHEEL, desired.name, actual is not None, reasons)


def _spaces(desired: Mapping[str, Space], actual: Mapping[str, Space]) -> Iterator[Change]:
    for name, space in desired.items():
        existing = actual.get(name)
        reasons = list(_space_reasons(space, existing)) if existing else []
        yield _change(Part.SPACE, name, existing is not None, reasons)
    for name in sorted(actual.keys() - desired.keys()):
        yield Change("-", Part.SPACE, name, _UNUSED)


def _space_reasons(desired: Space, actual: Space) -> Iterator[str]:
    files, variables, secrets = space_changes(desired, actual)
    for label, keys in (("files", files), ("variables", variables), ("secrets", secrets)):
        if keys:
            yield f"{label} {', '.join(sorted(keys))}"
    if needs_start(desired, actual):
        yield f"it is {actual.stage}"


def needs_start(desired: Space, actual: Space) -> bool:
    """Whether the Space has to be started: it is paused, or does not run although it must."""
    must_run = desired.stage is SpaceStage.UP and actual.stage is not SpaceStage.UP
    return actual.stage is SpaceStage.PAUSED or must_run


def space_changes(desired: Space, actual: Space) -> tuple[set[str], set[str], set[str]]:
    """Return the names of files, variables and secrets to set or delete.

    Variables and secrets that somebody else has added are left alone.
    """
    extra_files = {path for path in actual.files if path not in HUB_FILES} - desired.files.keys()
    ours = {key for key in actual.variables if key in FORWARDED_VARIABLES}
    files = _changed(desired.files, actual.files) | extra_files
    variables = _changed(desired.variables, actual.variables) | (ours - desired.variables.keys())
    secrets = _changed(desired.secrets, actual.secrets)
    if desired.secrets:
        ours = {key for key in actual.secrets if key.startswith("KAKUGO_") or key == "HF_TOKEN"}
        secrets |= ours - desired.secrets.keys()
    return files, variables, secrets


def _changed(desired: Mapping[str, str], actual: Mapping[str, str]) -> set[str]:
    return {key for key, value in desired.items() if actual.get(key) != value}


def _endpoint(desired: Endpoint | None, actual: Endpoint | None) -> Iterator[Change]:
    if desired is None:
        return
    reasons: list[str] = []
    if actual is not None:
        values = _endpoint_settings(desired)
        reasons += [
            f"{name.replace('_', ' ')} is {value!r}"
            for name, value in _endpoint_settings(actual).items()
            if value != values[name]
        ]
        if actual.awake and not desired.awake:
            reasons.append("it is running, but no request needs it")
    yield _change(Part.ENDPOINT, desired.spec.name, actual is not None, reasons)


def _endpoint_settings(endpoint: Endpoint) -> dict[str, object]:
    """Return what is compared, by name: the recipe's spec, and what every endpoint has."""
    values = {
        field.name: getattr(part, field.name)
        for part in (endpoint.spec, endpoint)
        for field in fields(part)
    }
    return {name: value for name, value in values.items() if name not in ("spec", "awake")}


def _schedule(desired: Schedule | None, actual: Schedule | None) -> Iterator[Change]:
    if desired is None:
        if actual is not None:
            yield Change("-", Part.SCHEDULE, actual.cron, _UNUSED)
        return
    reasons: list[str] = []
    if actual is not None:
        if actual.cron != desired.cron:
            reasons.append(f"it is {actual.cron}")
        if actual.suspended:
            reasons.append("it is suspended")
        reasons += _job_reasons(desired.job, actual.job)
    yield _change(Part.SCHEDULE, desired.cron, actual is not None, reasons)


def _webhook(desired: Webhook | None, actual: Webhook | None) -> Iterator[Change]:
    if desired is None:
        if actual is not None:
            yield Change("-", Part.WEBHOOK, _target(actual), _UNUSED)
        return
    reasons: list[str] = []
    if actual is not None:
        if actual.disabled:
            reasons.append("it is disabled")
        if _target(actual) != _target(desired):
            reasons.append(f"it calls {_target(actual)}")
        if actual.secret != desired.secret:
            reasons.append("its secret is different")
        if (actual.watched, actual.domains) != (desired.watched, desired.domains):
            reasons.append("it watches other events")
        if desired.job and actual.job:
            reasons += _job_reasons(desired.job, actual.job)
    yield _change(Part.WEBHOOK, _target(desired), actual is not None, reasons)


def _collection(desired: Collection | None, actual: Collection | None) -> Iterator[Change]:
    if desired is not None:
        missing = sorted(desired.items - actual.items) if actual else []
        reasons = [f"it lacks {', '.join(name for _, name in missing)}"] if missing else []
        yield _change(Part.COLLECTION, names.COLLECTION, actual is not None, reasons)


def _target(webhook: Webhook) -> str:
    return webhook.url or "(a Job)"


def _job_reasons(desired: BotJob, actual: BotJob) -> list[str]:
    """Name the fields of the Job that differ; their values may be secret."""
    changed = [
        field.name.replace("_", " ")
        for field in fields(desired)
        if getattr(desired, field.name) != getattr(actual, field.name)
    ]
    return [f"different {', '.join(changed)}"] if changed else []
