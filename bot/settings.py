"""The only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.errors import Failure

PUBLIC_HUB = "https://huggingface.co"

# What an installation on the Hub is told of the settings of whoever deployed it; no secrets.
PASSED_ON = (
    *("KAKUGO_ORG", "KAKUGO_RECIPE", "KAKUGO_ENDPOINTS_URL", "KAKUGO_MAINTAINERS"),
    *("KAKUGO_LIMIT_USD", "KAKUGO_DAY_USD", "KAKUGO_PERSON_USD", "KAKUGO_PERSON_REQUESTS"),
    *("KAKUGO_QUEUE", "KAKUGO_JOBS_PER_FLAVOR", "KAKUGO_POLL_SECONDS"),
)


class BadSettings(Failure):
    """A variable that is missing or cannot be used; the message names it and says what to do."""


class Run(StrEnum):
    """Where the tick comes from: a process of one's own, a Space, a timer, or a webhook's Job."""

    SERVE = "serve"
    SPACE = "space"
    SCHEDULE = "schedule"
    WEBHOOK_JOB = "webhook-job"


@dataclass(frozen=True)
class Limits:
    """How much at once: dollars of one day (UTC) and of one person in it; requests; jobs."""

    day_usd: float = 200.0
    person_usd: float = 100.0
    person_requests: int = 5
    queue: int = 500
    jobs_per_flavor: int = 4


@dataclass(frozen=True)
class Settings:
    """How this bot is set up; see the README's table of variables.

    `variables` is what was said, as it was said; `payload` is what a webhook's Job was started
    with: hostile text, of which only a number is read; `job_id`: of the Job that this is.
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
    run: Run = Run.SERVE
    schedule: str = "*/5 * * * *"
    host: str = "127.0.0.1"
    variables: Mapping[str, str] = field(default_factory=dict)
    payload: str = field(default="", repr=False)
    job_id: str = ""

    @property
    def bot_secrets(self) -> dict[str, str]:
        """What the bot needs where it runs without whoever deployed it, by variable."""
        secrets = {"HF_TOKEN": self.bot_token or self.token}
        if self.job_token and self.job_token != secrets["HF_TOKEN"]:
            secrets["KAKUGO_JOB_TOKEN"] = self.job_token
        if self.run is Run.SPACE:
            secrets["KAKUGO_WEBHOOK_SECRET"] = self.webhook_secret
        return secrets

    @property
    def chat_secrets(self) -> dict[str, str]:
        """What the chat needs to keep what people send in; without it that form is closed."""
        return {"HF_TOKEN": self.chat_token} if self.chat_token else {}


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises BadSettings."""
    webhook_secret = env.get("KAKUGO_WEBHOOK_SECRET", "")
    if not webhook_secret.isascii():
        raise BadSettings("KAKUGO_WEBHOOK_SECRET must be ASCII: it travels as a header.")
    token = _needed(env, "HF_TOKEN", "a token that may write to the namespace")
    bot_token = env.get("KAKUGO_BOT_TOKEN") or token
    return Settings(
        endpoint=env.get("HF_ENDPOINT", PUBLIC_HUB).rstrip("/"),
        org=_namespace(env),
        recipe=env.get("KAKUGO_RECIPE", "kakugo"),
        limit_usd=_number(env, "KAKUGO_LIMIT_USD", 50.0),
        poll_seconds=_number(env, "KAKUGO_POLL_SECONDS", 60.0),
        webhook_url=env.get("KAKUGO_WEBHOOK_URL", ""),
        endpoints_url=env.get("KAKUGO_ENDPOINTS_URL", "").rstrip("/"),
        port=int(_number(env, "PORT", 7860)),
        token=token,
        job_token=env.get("KAKUGO_JOB_TOKEN") or bot_token,
        webhook_secret=webhook_secret,
        limits=_limits(env),
        maintainers=frozenset(env.get("KAKUGO_MAINTAINERS", "").replace(",", " ").split()),
        bot_token=bot_token,
        chat_token=env.get("KAKUGO_CHAT_TOKEN", ""),
        run=_run(env),
        schedule=env.get("KAKUGO_SCHEDULE") or "*/5 * * * *",
        host=env.get("KAKUGO_HOST") or "127.0.0.1",
        variables={name: env[name] for name in PASSED_ON if env.get(name)},
        payload=env.get("WEBHOOK_PAYLOAD", ""),
        job_id=env.get("JOB_ID", ""),
    )


def _run(env: Mapping[str, str]) -> Run:
    try:
        return Run(env.get("KAKUGO_RUN") or Run.SERVE)
    except ValueError as error:
        known = ", ".join(Run)
        raise BadSettings(
            f"KAKUGO_RUN must be one of {known}: it is {env['KAKUGO_RUN'][:40]!r}."
        ) from error


def _limits(env: Mapping[str, str]) -> Limits:
    usual = Limits()
    return Limits(
        day_usd=_number(env, "KAKUGO_DAY_USD", usual.day_usd),
        person_usd=_number(env, "KAKUGO_PERSON_USD", usual.person_usd),
        person_requests=int(_number(env, "KAKUGO_PERSON_REQUESTS", usual.person_requests)),
        queue=int(_number(env, "KAKUGO_QUEUE", usual.queue)),
        jobs_per_flavor=int(_number(env, "KAKUGO_JOBS_PER_FLAVOR", usual.jobs_per_flavor)),
    )


def _needed(env: Mapping[str, str], name: str, what: str) -> str:
    value = env.get(name, "")
    if not value:
        raise BadSettings(f"{name} is not set: give it {what}.")
    return value


def _namespace(env: Mapping[str, str]) -> str:
    org = _needed(env, "KAKUGO_ORG", "the user or organisation that owns the installation")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,95}", org):
        raise BadSettings("KAKUGO_ORG must be a Hub namespace: letters, digits and `-`.")
    return org


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(env.get(name, default))
    except ValueError as error:
        raise BadSettings(f"{name} must be a number, not {env[name]!r}.") from error
    if not 0 <= value < float("inf"):
        raise BadSettings(f"{name} must not be negative or endless, it is {value}.")
    return value
