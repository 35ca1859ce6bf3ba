"""What a running installation consists of, as a value.

The same type says what is wanted and what was seen, so that `deploy`, its dry run, `doctor` and
`destroy` all read one comparison (`difference.py`). Pure: nothing here talks to the Hub, and no
secret is in it, only fingerprints of secrets.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.domain import names
from bot.domain.recipe import Programme, TeacherTerms
from bot.settings import Run, Settings

FLAVOR = "cpu-basic"
TICK_SECONDS, SHIFT_SECONDS = 15 * 60, 7 * 86_400
DOMAINS = ("discussion",)
NEW = "the-new-wheel"
DATASETS = (names.ledger, names.results, names.code, names.communities, names.feedback)
FOLDERS = {names.leaderboard: "leaderboard", names.chat: "chat", names.bot: "bot"}


class Part(StrEnum):
    """The parts of an installation, in the order in which they are built; and what it makes."""

    DATASET = "dataset"
    WHEEL = "wheel"
    SETUP = "set-up"
    ENDPOINT = "endpoint"
    SPACE = "Space"
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    JOB = "job"
    MODEL = "model"


@dataclass(frozen=True)
class Wheel:
    """The file that jobs install; `digests` are its SHA-256 and its git blob (one when seen)."""

    name: str
    digests: frozenset[str]
    commit: str = field(default="", compare=False)


class Stage(StrEnum):
    """How a Space is, as far as it matters here."""

    UP = "up"
    ASLEEP = "asleep"
    PAUSED = "paused"
    BROKEN = "broken"


@dataclass(frozen=True)
class Space:
    """`files`: path → git blob; `secrets`: name → fingerprint; `host` is known once it has one."""

    files: Mapping[str, str]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    stage: Stage = Stage.ASLEEP
    host: str = field(default="", compare=False)


@dataclass(frozen=True)
class BotJob:
    """The bot as a Job; `secrets` is one fingerprint of all of them."""

    command: tuple[str, ...]
    image: str
    flavor: str
    timeout_seconds: int
    variables: Mapping[str, str]
    secrets: str


@dataclass(frozen=True)
class Schedule:
    """A scheduled Job; `cron` as the Hub takes it."""

    job: BotJob
    cron: str
    suspended: bool = False
    id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Webhook:
    """What rings: at a `url`, or by starting a `job`; `secret` is a fingerprint."""

    url: str
    job: BotJob | None
    watched: frozenset[tuple[str, str]]
    domains: tuple[str, ...]
    secret: str
    disabled: bool = False
    id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Endpoint:
    """The teacher's Inference Endpoint; what it costs is told elsewhere, so `usd_per_hour` is 0."""

    terms: TeacherTerms
    awake: bool = False


@dataclass(frozen=True)
class Installation:
    """All of it, wanted or seen. `spare`: ids of webhooks and schedules that are one too many."""

    datasets: frozenset[str] = frozenset()
    wheel: Wheel | None = None
    setup: frozenset[str] = frozenset()
    spaces: Mapping[str, Space] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    schedule: Schedule | None = None
    webhook: Webhook | None = None
    spare: tuple[tuple[Part, str], ...] = ()


@dataclass(frozen=True)
class Checkout:
    """What is deployed: the wheel with its bytes, and the files of each folder of `spaces/`."""

    wheel: Wheel
    content: bytes
    spaces: Mapping[str, Mapping[str, bytes]]


def fingerprint(key: str, name: str, secret: str) -> str:
    """Tells whether a secret has changed, to nobody but the holder of `key`; "" for no secret."""
    if not secret:
        return ""
    return hmac.new(key.encode(), f"{name}\n{secret}".encode(), hashlib.sha256).hexdigest()[:12]


def blob(content: bytes) -> str:
    """What git calls a file with this content."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def wheel_of(name: str, content: bytes) -> Wheel:
    return Wheel(name, frozenset({hashlib.sha256(content).hexdigest(), blob(content)}))


def wanted(
    programme: Programme, settings: Settings, checkout: Checkout, seen: Installation, needed: bool
) -> Installation:
    """What should be there. `seen` tells what only the Hub knows: the wheel's commit, a host.

    `needed`: the ledger says that the teacher is at work, so that how it is, is the bot's matter.
    """
    org = settings.org
    pinned = _pinned(settings, checkout, seen)
    awake = needed and seen.endpoint is not None and seen.endpoint.awake
    return Installation(
        datasets=frozenset(name(org) for name in DATASETS),
        wheel=checkout.wheel,
        setup=frozenset({setup_digest(programme, checkout.wheel)} if programme.setup else ()),
        spaces={name: _space(name, settings, checkout, seen) for name in space_names(settings)},
        endpoint=Endpoint(_unpriced(programme.teacher), awake),
        schedule=_schedule(programme, settings, pinned),
        webhook=_webhook(programme, settings, pinned, seen),
    )


def space_names(settings: Settings) -> tuple[str, ...]:
    """Which Spaces belong to an installation that runs so."""
    usual = (names.leaderboard(settings.org), names.chat(settings.org))
    return (*usual, names.bot(settings.org)) if settings.run is Run.SPACE else usual


def setup_digest(programme: Programme, wheel: Wheel) -> str:
    """Binds "the set-up is done" to its commands and to the code that they ran."""
    said = "\n".join((*map(" ".join, programme.setup), programme.org, *sorted(wheel.digests)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _pinned(settings: Settings, checkout: Checkout, seen: Installation) -> str:
    """Where the wheel is, by commit; before it is pushed, an address of nothing."""
    there = seen.wheel is not None and seen.wheel.digests <= checkout.wheel.digests
    commit = seen.wheel.commit if there and seen.wheel else NEW
    return names.wheel_url(settings.endpoint, settings.org, commit, checkout.wheel.name)


def files_of(
    name: str, settings: Settings, checkout: Checkout, seen: Installation
) -> dict[str, bytes]:
    """The files of a Space; the bot's own requirements name the pinned wheel."""
    folder = next(folder for named, folder in FOLDERS.items() if named(settings.org) == name)
    files = dict(checkout.spaces[folder])
    if name == names.bot(settings.org):
        digest = next(d for d in checkout.wheel.digests if len(d) == 64)
        wheel = f"kakugo-bot @ {_pinned(settings, checkout, seen)}#sha256={digest}"
        lines = files["requirements.txt"].decode().splitlines()
        text = "\n".join(wheel if line == "kakugo-bot" else line for line in lines)
        files["requirements.txt"] = f"{text}\n".encode()
    return files


def _space(name: str, settings: Settings, checkout: Checkout, seen: Installation) -> Space:
    files = {p: blob(c) for p, c in files_of(name, settings, checkout, seen).items()}
    secrets = {
        key: fingerprint(settings.token, key, value)
        for key, value in space_secrets(name, settings).items()
    }
    if name != names.bot(settings.org):
        return Space(files, {"KAKUGO_ORG": settings.org}, secrets)
    return Space(files, settings.variables, secrets, Stage.UP)


def space_secrets(name: str, settings: Settings) -> dict[str, str]:
    """What a Space is given to keep to itself."""
    if name == names.chat(settings.org):
        return settings.chat_secrets
    return settings.bot_secrets if name == names.bot(settings.org) else {}


def _job(programme: Programme, settings: Settings, pinned: str, stays: bool) -> BotJob:
    said = "\n".join(f"{key}={value}" for key, value in sorted(settings.bot_secrets.items()))
    return BotJob(
        command=("uv", "run", "--with", f"kakugo-bot @ {pinned}", "kakugo", "tick")
        + (("--until-idle",) if stays else ()),
        image=programme.image,
        flavor=FLAVOR,
        timeout_seconds=SHIFT_SECONDS if stays else TICK_SECONDS,
        variables=settings.variables,
        secrets=fingerprint(settings.token, "job", said),
    )


def _schedule(programme: Programme, settings: Settings, pinned: str) -> Schedule | None:
    if settings.run is not Run.SCHEDULE:
        return None
    return Schedule(_job(programme, settings, pinned, stays=False), settings.schedule)


def _webhook(
    programme: Programme, settings: Settings, pinned: str, seen: Installation
) -> Webhook | None:
    """Discussions only: what the jobs push is found by the timer, and a day has 1,000 rings."""
    url, job = settings.webhook_url, None
    if settings.run is Run.SPACE:
        there = seen.spaces.get(names.bot(settings.org))
        url = names.doorbell(there.host) if there and there.host else "(the Space's address)"
    elif settings.run is Run.WEBHOOK_JOB:
        url, job = "", _job(programme, settings, pinned, stays=True)
    elif settings.run is Run.SCHEDULE or not url:
        return None
    # A Job is started by the Hub alone: it needs no secret beside the hostile text.
    secret = "" if job else fingerprint(settings.token, "webhook", settings.webhook_secret)
    watched = frozenset({("space", names.leaderboard(settings.org))})
    return Webhook(url, job, watched, DOMAINS, secret)


def _unpriced(terms: TeacherTerms) -> TeacherTerms:
    return replace(terms, usd_per_hour=0.0)
