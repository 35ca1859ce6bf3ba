"""What to do on the Hub: ensures that are complete in themselves and safe to repeat.

Floor of words. An order without a Permit is only a wish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.request import Request, Step

# Seconds. Listings may be late by less than half of it, and an order older than half of it is left
# to the next tick; what is not seen after it has not happened.
GRACE = 60.0


@dataclass(frozen=True)
class EnsureJob:
    """There is a Job for this attempt of this step; `command` is argv, never a shell line."""

    request: str
    step: Step
    attempt: int
    command: tuple[str, ...]
    image: str
    flavor: str
    timeout_seconds: int


@dataclass(frozen=True)
class EnsureReply:
    """The bot's one comment of this kind in the discussion reads exactly so.

    `comment` is the id of the one that stands there and reads otherwise; empty when there is none.
    """

    discussion: int
    kind: str
    text: str
    marker: str
    comment_id: str = ""


@dataclass(frozen=True)
class EnsureClosed:
    """The discussion is closed."""

    discussion: int


@dataclass(frozen=True)
class EnsureCancelled:
    """This Job does not run any more."""

    job_id: str


@dataclass(frozen=True)
class EnsureEndpoint:
    """The teacher's Inference Endpoint exists and is running, or is paused and costs nothing."""

    name: str
    running: bool


Action = EnsureJob | EnsureReply | EnsureClosed | EnsureCancelled | EnsureEndpoint


@dataclass(frozen=True)
class Plan:
    """What to remember and what to do; no orders and an equal record mean: nothing."""

    request: Request
    actions: tuple[Action, ...] = ()
    summary: str = ""


@dataclass(frozen=True)
class Permit:
    """The right to act: proof of a won commit, and the moment of the observation behind it.

    Only `ledger.commit` makes one.
    """

    commit: str
    observed_at: float


def labels(action: EnsureJob) -> Mapping[str, str]:
    """Labels by which the job is found again (letters, digits, `-` and `_` only)."""
    return {
        "kakugo": "job",
        "request": action.request,
        "step": action.step.value,
        "attempt": str(action.attempt),
    }
