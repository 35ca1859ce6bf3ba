"""The only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.failure import Failure

PUBLIC_HUB = "https://huggingface.co"


class BadSettings(Failure):
    """A variable that is missing or cannot be used; the message names it and says what to do."""


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
    """How this bot is set up; see the README's table of variables."""

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


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises BadSettings."""
    webhook_secret = env.get("KAKUGO_WEBHOOK_SECRET", "")
    if not webhook_secret.isascii():
        raise BadSettings("KAKUGO_WEBHOOK_SECRET must be ASCII: it travels as a header.")
    token = _needed(env, "HF_TOKEN", "a token that may write to the namespace")
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
        job_token=env.get("KAKUGO_JOB_TOKEN", token),
        webhook_secret=webhook_secret,
        limits=_limits(env),
        maintainers=frozenset(env.get("KAKUGO_MAINTAINERS", "").replace(",", " ").split()),
    )


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
