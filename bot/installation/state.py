"""The parts of an installation, and the desired state that the settings describe.

`Installation` describes both the desired and the actual state, so that `deploy`, its dry run,
`doctor` and `destroy` share one comparison (`bot/installation/diff.py`). Pure, and without
secrets: they appear as fingerprints.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from bot.domain import names, steps
from bot.domain.recipe import IDLE_MINUTES, EndpointSpec, Recipe
from bot.settings import RunMode, Settings

BOT_FLAVOR = "cpu-basic"
TICK_TIMEOUT_SECONDS, UNTIL_IDLE_TIMEOUT_SECONDS = 15 * 60, 7 * 86_400
WEBHOOK_DOMAINS = ("discussion",)
# The network of the proxies through which visitors reach a Space: only they may say who asks.
SPACE_PROXIES = "10.0.0.0/8"
# Stands for the wheel's commit before the wheel is pushed.
UNPUSHED = "the-new-wheel"
DATASETS = (names.ledger, names.results, names.code_repo, names.communities, names.feedback)
SPACE_FOLDERS = {names.leaderboard: "leaderboard", names.chat: "chat", names.bot: "bot"}


class Part(StrEnum):
    """The kinds of parts, in the order in which they are built, and the kinds of what jobs make."""

    DATASET = "dataset"
    WHEEL = "wheel"
    SETUP = "setup"
    ENDPOINT = "endpoint"
    SPACE = "Space"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    COLLECTION = "collection"
    JOB = "job"
    MODEL = "model"


@dataclass(frozen=True)
class Wheel:
    """The wheel that jobs install.

    `digests` are the file's SHA-256 and its git blob id; the Hub reports only one of them.
    """

    name: str
    digests: frozenset[str]
    commit: str = field(default="", compare=False)


class SpaceStage(StrEnum):
    """The stages of a Space that Kakugo tells apart."""

    UP = "up"
    ASLEEP = "asleep"
    PAUSED = "paused"
    BROKEN = "broken"


@dataclass(frozen=True)
class Space:
    """A Space.

    `files` maps a path to its git blob id, `secrets` a name to a fingerprint. `host` is the URL of
    the app, "" until the Hub has assigned one.
    """

    files: Mapping[str, str]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    stage: SpaceStage = SpaceStage.ASLEEP
    host: str = field(default="", compare=False)


@dataclass(frozen=True)
class Collection:
    """The page of the namespace that lists what people may use; `items` are types and ids.

    Items that somebody else has added stay. `slug` identifies the collection on the Hub.
    """

    items: frozenset[tuple[str, str]]
    slug: str = field(default="", compare=False)


@dataclass(frozen=True)
class BotJob:
    """The Job that runs the bot; `secrets` is one fingerprint of all its secrets."""

    command: tuple[str, ...]
    image: str
    flavor: str
    timeout_seconds: int
    variables: Mapping[str, str]
    secrets: str


@dataclass(frozen=True)
class Schedule:
    """A scheduled Job; `cron` is a cron expression as the Hub takes it."""

    job: BotJob
    cron: str
    suspended: bool = False
    id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Webhook:
    """A webhook that calls a `url` or starts a `job`.

    `watched` has pairs of entity type and name; `secret` is a fingerprint.
    """

    url: str
    job: BotJob | None
    watched: frozenset[tuple[str, str]]
    domains: tuple[str, ...]
    secret: str
    disabled: bool = False
    id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Endpoint:
    """The teacher's Inference Endpoint. Its price is not compared: `usd_per_hour` is 0.

    access: only members of the namespace can use a `private` endpoint, any account could use an
    `authenticated` one. health_route: without it, the endpoint counts as running while its model
    is still loading. port: the port of the container. idle_minutes: after this time without a
    request, the Hub scales the endpoint to zero, so it stops costing money even without a bot.
    """

    spec: EndpointSpec
    awake: bool = False
    access: str = "private"
    health_route: str = "/health"
    port: int | None = 80
    idle_minutes: int | None = IDLE_MINUTES


@dataclass(frozen=True)
class Installation:
    """A whole installation.

    `duplicates` are ids of webhooks and schedules that are not needed. `public` are the type and id
    of every public repo that the collection shall list.
    """

    datasets: frozenset[str] = frozenset()
    wheel: Wheel | None = None
    setup: frozenset[str] = frozenset()
    spaces: Mapping[str, Space] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    schedule: Schedule | None = None
    webhook: Webhook | None = None
    collection: Collection | None = None
    duplicates: tuple[tuple[Part, str], ...] = ()
    public: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Checkout:
    """What `deploy` uploads: the wheel and, for each folder of `spaces/`, path → content.

    `constraints` are the tested versions of all packages, with hashes. The wheel contains them as
    well, so that another version is another wheel.
    """

    wheel: Wheel
    wheel_content: bytes
    constraints: bytes
    spaces: Mapping[str, Mapping[str, bytes]]

    def code_files(self) -> dict[str, bytes]:
        """Return the files from which jobs install, by path: wheel, its page, and constraints."""
        name, digest = self.wheel.name, hashlib.sha256(self.wheel_content).hexdigest()
        line = f"kakugo-bot=={names.wheel_version(name)} --hash=sha256:{digest}\n"
        page = f'<!DOCTYPE html><a href="{name}">{name}</a>\n'
        return {
            name: self.wheel_content,
            names.CONSTRAINTS: self.constraints + line.encode(),
            names.WHEEL_PAGE: page.encode(),
        }

    def cards(self, org: str) -> dict[str, tuple[Literal["space"], str]]:
        """Return the card of each Space by name, with the type of its repo."""
        return {
            name(org): ("space", self.spaces[folder]["README.md"].decode())
            for name, folder in SPACE_FOLDERS.items()
        }


def fingerprint(key: str, name: str, secret: str) -> str:
    """Return a keyed digest that shows whether a secret has changed; "" for no secret.

    Only the holder of `key` can test guesses against it.
    """
    if not secret:
        return ""
    return hmac.new(key.encode(), f"{name}\n{secret}".encode(), hashlib.sha256).hexdigest()[:12]


def blob_id(content: bytes) -> str:
    """Return git's object id of a file with this content."""
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def wheel_of(name: str, content: bytes) -> Wheel:
    return Wheel(name, frozenset({hashlib.sha256(content).hexdigest(), blob_id(content)}))


def desired_state(
    recipe: Recipe,
    settings: Settings,
    checkout: Checkout,
    actual: Installation,
    teacher_needed: bool,
) -> Installation:
    """Return the installation that the settings describe.

    `actual` supplies what only the Hub knows: the wheel's commit and the host of a Space. If the
    ledger says that a request needs the teacher (`teacher_needed`), the bot decides whether the
    endpoint is awake; otherwise it must be paused.
    """
    org = settings.org
    wheel_url = _wheel_url(settings, checkout, actual)
    awake = teacher_needed and actual.endpoint is not None and actual.endpoint.awake
    setup = {setup_digest(recipe, checkout.wheel)} if recipe.setup else set()
    return Installation(
        datasets=frozenset(name(org) for name in DATASETS),
        wheel=checkout.wheel,
        setup=frozenset(setup),
        spaces={name: _space(name, settings, checkout, actual) for name in space_names(settings)},
        endpoint=_endpoint(recipe.endpoint, awake, actual.endpoint),
        schedule=_schedule(recipe, settings, wheel_url),
        webhook=_webhook(recipe, settings, wheel_url, actual),
        collection=Collection(actual.public),
    )


def _endpoint(spec: EndpointSpec | None, awake: bool, actual: Endpoint | None) -> Endpoint | None:
    if spec is None:
        return None
    # The Hub turns a model without a revision into its newest commit, which is as good.
    revision = spec.revision or (actual.spec.revision if actual else "")
    return Endpoint(replace(spec, usd_per_hour=0.0, revision=revision), awake)


def space_names(settings: Settings) -> tuple[str, ...]:
    """Return the Spaces of an installation; the bot's own only if it runs the bot."""
    spaces = (names.leaderboard(settings.org), names.chat(settings.org))
    is_bot_space = settings.run_mode is RunMode.SPACE
    return (*spaces, names.bot(settings.org)) if is_bot_space else spaces


def run_mode_of(actual: Installation, org: str) -> RunMode | None:
    """Return which part of an installation runs its bot; None if none does."""
    if actual.schedule is not None:
        return RunMode.SCHEDULE
    if names.bot(org) in actual.spaces:
        return RunMode.SPACE
    return RunMode.WEBHOOK_JOB if actual.webhook and actual.webhook.job else None


def setup_digest(recipe: Recipe, wheel: Wheel) -> str:
    """Return a digest of the setup commands and the code that runs them."""
    lines = (*map(" ".join, recipe.setup), recipe.org, *sorted(wheel.digests))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def files_of(
    name: str, settings: Settings, checkout: Checkout, actual: Installation
) -> dict[str, bytes]:
    """Return the files of a Space; the requirements of the bot's Space pin the wheel."""
    folder = next(folder for space, folder in SPACE_FOLDERS.items() if space(settings.org) == name)
    files = dict(checkout.spaces[folder])
    if name == names.bot(settings.org):
        sha256 = next(digest for digest in checkout.wheel.digests if len(digest) == 64)
        wheel = f"kakugo-bot @ {_wheel_url(settings, checkout, actual)}#sha256={sha256}"
        lines = files["requirements.txt"].decode().splitlines()
        text = "\n".join(wheel if line == "kakugo-bot" else line for line in lines)
        files["requirements.txt"] = f"{text}\n".encode()
    return files


def space_secrets(name: str, settings: Settings) -> dict[str, str]:
    """Return the secrets of a Space by name."""
    if name == names.leaderboard(settings.org):
        return settings.leaderboard_secrets
    if name == names.chat(settings.org):
        return settings.chat_secrets
    return settings.bot_secrets if name == names.bot(settings.org) else {}


def _wheel_url(settings: Settings, checkout: Checkout, actual: Installation) -> str:
    """Return the wheel's URL at its commit, or a URL of nothing before the wheel is pushed."""
    wheel = actual.wheel
    is_pushed = wheel is not None and wheel.digests <= checkout.wheel.digests
    commit = wheel.commit if wheel and is_pushed else UNPUSHED
    return names.wheel_url(settings.endpoint, settings.org, commit, checkout.wheel.name)


def _space(name: str, settings: Settings, checkout: Checkout, actual: Installation) -> Space:
    contents = files_of(name, settings, checkout, actual)
    files = {path: blob_id(content) for path, content in contents.items()}
    secrets = {
        key: fingerprint(settings.token, key, value)
        for key, value in space_secrets(name, settings).items()
    }
    if name == names.bot(settings.org):
        return Space(files, settings.forwarded_variables, secrets, SpaceStage.UP)
    variables = {"KAKUGO_ORG": settings.org}
    if name == names.chat(settings.org):
        maintainers = " ".join(sorted(settings.maintainers))
        variables |= {"KAKUGO_MAINTAINERS": maintainers} if maintainers else {}
        variables["FORWARDED_ALLOW_IPS"] = SPACE_PROXIES
    return Space(files, variables, secrets)


def _job(recipe: Recipe, settings: Settings, wheel_url: str, until_idle: bool) -> BotJob:
    secrets = "\n".join(f"{key}={value}" for key, value in sorted(settings.bot_secrets.items()))
    command = (*steps.run_from_wheel(wheel_url), "kakugo", "tick")
    return BotJob(
        command=(*command, "--until-idle") if until_idle else command,
        image=recipe.image,
        flavor=BOT_FLAVOR,
        timeout_seconds=UNTIL_IDLE_TIMEOUT_SECONDS if until_idle else TICK_TIMEOUT_SECONDS,
        variables=settings.forwarded_variables,
        secrets=fingerprint(settings.token, "job", secrets),
    )


def _schedule(recipe: Recipe, settings: Settings, wheel_url: str) -> Schedule | None:
    if settings.run_mode is not RunMode.SCHEDULE:
        return None
    job = _job(recipe, settings, wheel_url, until_idle=False)
    return Schedule(job, settings.schedule)


def _webhook(
    recipe: Recipe, settings: Settings, wheel_url: str, actual: Installation
) -> Webhook | None:
    """Watch discussions only: the Hub delivers 1,000 events a day, and a timer finds the rest."""
    url, job = settings.webhook_url, None
    if settings.run_mode is RunMode.SPACE:
        space = actual.spaces.get(names.bot(settings.org))
        url = names.webhook_url(space.host) if space and space.host else "(the Space's URL)"
    elif settings.run_mode is RunMode.WEBHOOK_JOB:
        url, job = "", _job(recipe, settings, wheel_url, until_idle=True)
    elif settings.run_mode is RunMode.SCHEDULE or not url:
        return None
    # Only the Hub can start a Job, so a Job needs no secret next to the untrusted payload.
    secret = "" if job else fingerprint(settings.token, "webhook", settings.webhook_secret)
    watched = frozenset({("space", names.leaderboard(settings.org))})
    return Webhook(url, job, watched, WEBHOOK_DOMAINS, secret)
