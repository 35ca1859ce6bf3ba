"""Changes on the Hub that the planner orders, and the permit that carrying them out requires.

Each action states a wanted result in full, so that repeating it is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.request import Request, Step

# Listings of the Hub may lag by up to half of this, and an action older than half of it is left to
# the next tick. So what a listing does not show after this time has not happened.
GRACE_SECONDS = 60.0  # seconds


@dataclass(frozen=True)
class EnsureJob:
    """A Job exists for this attempt of this step. `command` is argv, never a shell line."""

    request: str
    step: Step
    attempt: int
    command: tuple[str, ...]
    image: str
    flavor: str
    timeout_seconds: int


@dataclass(frozen=True)
class EnsureReply:
    """The bot's only reply of this kind in the discussion has this text.

    `comment_id` is the existing reply with another text, empty if there is none.
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
    """This Job is not running."""

    job_id: str


@dataclass(frozen=True)
class EnsureEndpoint:
    """The teacher's Inference Endpoint is running, or is paused and costs nothing."""

    name: str
    running: bool


Action = EnsureJob | EnsureReply | EnsureClosed | EnsureCancelled | EnsureEndpoint


@dataclass(frozen=True)
class Plan:
    """The next record of a request, and the actions for it; `summary` is for the history."""

    request: Request
    actions: tuple[Action, ...] = ()
    summary: str = ""


@dataclass(frozen=True)
class Permit:
    """Proof that a plan was committed, with the time of the observation that it is based on.

    Only `Ledger.commit` makes one.
    """

    commit: str
    observed_at: float


def labels(action: EnsureJob) -> Mapping[str, str]:
    """Return the labels by which the job is found again (letters, digits, `-` and `_` only)."""
    return {
        "kakugo": "job",
        "request": action.request,
        "step": action.step.value,
        "attempt": str(action.attempt),
    }
