"""Read the settings from environment variables; nothing else in `bot/` reads them.

The README explains every variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.errors import UserError
from recipes.validation.http_urls import url_problem

PUBLIC_HUB = "https://huggingface.co"
LARGEST_NUMBER = 1_000_000
SHORTEST_SECRET = 16  # characters

# Variables of the deployer that `deploy` passes on to a bot that runs on the Hub. No secrets.
FORWARDED_VARIABLES = (
    *("KAKUGO_ORG", "KAKUGO_RECIPE", "KAKUGO_ENDPOINTS_URL", "KAKUGO_MAINTAINERS"),
    *("KAKUGO_LIMIT_USD", "KAKUGO_DAY_USD", "KAKUGO_PERSON_USD", "KAKUGO_PERSON_REQUESTS"),
    *("KAKUGO_PERSON_STARTS", "KAKUGO_QUEUE", "KAKUGO_JOBS_PER_FLAVOR", "KAKUGO_POLL_SECONDS"),
)


# Every secret that a bot on the Hub may have: see `Settings.bot_secrets`.
BOT_SECRETS = ("HF_TOKEN", "KAKUGO_JOB_TOKEN", "KAKUGO_TEACHER_TOKEN", "KAKUGO_WEBHOOK_SECRET")

# The schedules that the Hub accepts, of those with five fields.
CRON = re.compile(
    r"@(annually|yearly|monthly|weekly|daily|hourly)"
    r"|(?:(?:(?:\d+,)+\d+|(?:\*|\d+)(?:/|-)\d+|\d+|\*) ?){5}"
)


class SettingsError(UserError):
    """A variable is missing or has an unusable value; the message names it and says what to do."""


class RunMode(StrEnum):
    """Who runs the bot: a process of yours, a Space, a scheduled Job, or a webhook's Job."""

    SERVE = "serve"
    SPACE = "space"
    SCHEDULE = "schedule"
    WEBHOOK_JOB = "webhook-job"


@dataclass(frozen=True)
class Limits:
    """Limits of the whole installation; a day begins at midnight UTC."""

    day_usd: float = 200.0
    person_usd: float = 100.0
    person_requests: int = 5
    person_starts: int = 10
    queue: int = 500
    jobs_per_flavor: int = 4


@dataclass(frozen=True)
class Settings:
    """The settings of one installation.

    `forwarded_variables` are the `FORWARDED_VARIABLES` that are set, unparsed. `webhook_payload`
    is what the Hub passes to a Job that a webhook started; it is untrusted. `job_id` is the id of
    the Job that this process runs in, or "".
    """

    endpoint: str
    org: str
    recipe: str
    limit_usd: float
    poll_seconds: float
    webhook_url: str
    endpoints_url: str
    port: int
    token: str = field(repr=False)
    job_token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    limits: Limits = Limits()
    maintainers: frozenset[str] = frozenset()
    bot_token: str = field(default="", repr=False)
    chat_token: str = field(default="", repr=False)
    read_token: str = field(default="", repr=False)
    teacher_token: str = field(default="", repr=False)
    run_mode: RunMode = RunMode.SERVE
    is_run_mode_set: bool = False
    schedule: str = "*/5 * * * *"
    host: str = "127.0.0.1"
    forwarded_variables: Mapping[str, str] = field(default_factory=dict)
    webhook_payload: str = field(default="", repr=False)
    job_id: str = ""

    @property
    def bot_secrets(self) -> dict[str, str]:
        """The secrets of a bot that runs on the Hub, by variable."""
        secrets = {"HF_TOKEN": self.bot_token or self.token}
        if self.job_token and self.job_token != secrets["HF_TOKEN"]:
            secrets["KAKUGO_JOB_TOKEN"] = self.job_token
        if self.teacher_token:
            secrets["KAKUGO_TEACHER_TOKEN"] = self.teacher_token
        if self.run_mode is RunMode.SPACE:
            secrets["KAKUGO_WEBHOOK_SECRET"] = self.webhook_secret
        return secrets

    @property
    def chat_secrets(self) -> dict[str, str]:
        """The secrets of the chat, by variable. Without a token, the chat takes no corrections."""
        return {"HF_TOKEN": self.chat_token} if self.chat_token else {}

    @property
    def leaderboard_secrets(self) -> dict[str, str]:
        """The secrets of the leaderboard, by variable. Without a token, all Spaces of an address
        share the Hub's limit of calls.
        """
        return {"HF_TOKEN": self.read_token} if self.read_token else {}


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `env`. Raises SettingsError."""
    token = _required(env, "HF_TOKEN", "a token that can write to the namespace")
    bot_token = env.get("KAKUGO_BOT_TOKEN") or token
    return Settings(
        endpoint=_url(env, "HF_ENDPOINT", PUBLIC_HUB),
        org=_namespace(env),
        recipe=env.get("KAKUGO_RECIPE") or "kakugo",
        limit_usd=_number(env, "KAKUGO_LIMIT_USD", 50.0),
        poll_seconds=_number(env, "KAKUGO_POLL_SECONDS", 60.0),
        webhook_url=_webhook_url(env),
        endpoints_url=_url(env, "KAKUGO_ENDPOINTS_URL"),
        port=_port(env),
        token=token,
        job_token=env.get("KAKUGO_JOB_TOKEN") or bot_token,
        webhook_secret=_webhook_secret(env),
        limits=_limits(env),
        maintainers=_maintainers(env),
        bot_token=bot_token,
        chat_token=env.get("KAKUGO_CHAT_TOKEN", ""),
        read_token=env.get("KAKUGO_READ_TOKEN", ""),
        teacher_token=_header(env, "KAKUGO_TEACHER_TOKEN"),
        run_mode=_run_mode(env),
        is_run_mode_set=bool(env.get("KAKUGO_RUN")),
        schedule=_schedule(env),
        host=env.get("KAKUGO_HOST") or "127.0.0.1",
        forwarded_variables={name: env[name] for name in FORWARDED_VARIABLES if env.get(name)},
        webhook_payload=env.get("WEBHOOK_PAYLOAD", ""),
        job_id=env.get("JOB_ID", ""),
    )


def recipe_options(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the options of `kakugo-recipe` that name the recipe and, if it is set, the namespace.

    Raises SettingsError for an invalid namespace.
    """
    options = {"config": env.get("KAKUGO_RECIPE") or "kakugo"}
    return {**options, "org": _namespace(env)} if env.get("KAKUGO_ORG") else options


def _header(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not (value.isascii() and value.isprintable()):
        raise SettingsError(f"{name} must be printable ASCII, because it is sent in a header")
    return value


def _webhook_secret(env: Mapping[str, str]) -> str:
    secret = _header(env, "KAKUGO_WEBHOOK_SECRET")
    if 0 < len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"KAKUGO_WEBHOOK_SECRET has only {len(secret)} characters, which could be guessed: set "
            f"it to {SHORTEST_SECRET} or more random ones, such as those of `openssl rand -hex 24`"
        )
    return secret


def _schedule(env: Mapping[str, str]) -> str:
    schedule = env.get("KAKUGO_SCHEDULE") or "*/5 * * * *"
    if not CRON.fullmatch(schedule):
        raise SettingsError(
            f"KAKUGO_SCHEDULE must have five fields of *, numbers, lists (1,2), ranges (1-5) or"
            f" steps (*/5), or be a word like @daily; not {schedule[:40]!r}"
        )
    return schedule


def _run_mode(env: Mapping[str, str]) -> RunMode:
    try:
        return RunMode(env.get("KAKUGO_RUN") or RunMode.SERVE)
    except ValueError as error:
        modes = ", ".join(RunMode)
        value = env["KAKUGO_RUN"][:40]
        raise SettingsError(f"KAKUGO_RUN must be one of {modes}, not {value!r}") from error


def _limits(env: Mapping[str, str]) -> Limits:
    default = Limits()
    return Limits(
        day_usd=_number(env, "KAKUGO_DAY_USD", default.day_usd),
        person_usd=_number(env, "KAKUGO_PERSON_USD", default.person_usd),
        person_requests=_count(env, "KAKUGO_PERSON_REQUESTS", default.person_requests),
        person_starts=_count(env, "KAKUGO_PERSON_STARTS", default.person_starts),
        queue=_count(env, "KAKUGO_QUEUE", default.queue),
        jobs_per_flavor=_count(env, "KAKUGO_JOBS_PER_FLAVOR", default.jobs_per_flavor),
    )


def _port(env: Mapping[str, str]) -> int:
    port = _count(env, "PORT", 7860)
    if port > 65535:
        raise SettingsError(f"PORT must be a number up to 65535, not {port}")
    return port


def _url(env: Mapping[str, str], name: str, default: str = "") -> str:
    """Return a URL without a slash at its end; `default` if the variable is not set."""
    url = (env.get(name) or default).rstrip("/")
    if url and (problem := url_problem(url)):
        raise SettingsError(f"{name} must be a URL like {PUBLIC_HUB}, but it {problem}")
    return url


def _webhook_url(env: Mapping[str, str]) -> str:
    url = _url(env, "KAKUGO_WEBHOOK_URL")
    if url and not url.endswith("/webhook"):
        raise SettingsError(
            f"KAKUGO_WEBHOOK_URL must end in /webhook, where the bot listens, not {url[-40:]!r}"
        )
    return url


def _required(env: Mapping[str, str], name: str, description: str) -> str:
    value = env.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; set it to {description}")
    return value


def _namespace(env: Mapping[str, str]) -> str:
    org = _required(env, "KAKUGO_ORG", "the user or organization that owns the installation")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,95}", org):
        raise SettingsError("KAKUGO_ORG must be a Hub namespace: letters, digits and hyphens")
    return org


def _maintainers(env: Mapping[str, str]) -> frozenset[str]:
    names = frozenset(env.get("KAKUGO_MAINTAINERS", "").replace(",", " ").split())
    if wrong := sorted(name for name in names if not re.fullmatch(r"[\w.-]+", name)):
        raise SettingsError(
            "KAKUGO_MAINTAINERS must be names on the Hub with commas between them; "
            f"{wrong[0][:40]!r} is not one"
        )
    return names


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(env.get(name, default))
    except ValueError as error:
        raise SettingsError(f"{name} must be a number, not {env[name][:40]!r}") from error
    if not 0 <= value <= LARGEST_NUMBER:
        raise SettingsError(f"{name} must be a number from 0 to {LARGEST_NUMBER:,}, not {value:g}")
    return value


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    value = _number(env, name, default)
    if not value.is_integer():
        raise SettingsError(f"{name} must be a whole number, not {value:g}")
    return int(value)
