"""What is to be said now: the comments that should stand in a discussion against those that do.

A comment that is not seen may be on its way: it is ordered again only after the grace, so that no
two bots say the same thing. One that is seen and reads otherwise is edited in place, which may be
repeated at will.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot import replies
from bot.domain import names, steps
from bot.domain.actions import GRACE, Action, EnsureClosed, EnsureReply
from bot.domain.observation import Observation
from bot.domain.policy import Policy
from bot.domain.request import CLOSING, LIVE, Request, Status, Verdict

PATIENCE = 14 * 86_400.0

# What looks like no request at all is left to people: it may be talk about something else.
NOT_OURS = (Verdict.NO_NAME, Verdict.UNKNOWN, Verdict.TOO_LONG)


@dataclass(frozen=True)
class DueReplies:
    """Orders, when each kind was ordered last, and whether nothing is left or on its way."""

    actions: tuple[Action, ...] = ()
    replied_at: Mapping[str, float] = field(default_factory=dict)
    complete: bool = True


def due_replies(request: Request, observation: Observation, policy: Policy) -> DueReplies:
    """What to say in the discussion of a request; nothing where nobody looked or it is gone."""
    discussion = observation.discussions.get(request.discussion)
    if discussion is None:
        return DueReplies((), request.replied_at, request.discussion in observation.deleted)
    actions: list[Action] = []
    said, silent = dict(request.replied_at), True
    seen = min(observation.now, discussion.observed_at)
    standing = {names.marker_kind(comment.marker): comment for comment in discussion.own_replies}
    result = observation.manifests.get((request.id, steps.last(request.spec)))
    for kind, text in replies.due(request, result, policy):
        marker, there = names.marker(kind, text), standing.get(kind)
        if there is not None and there.marker == marker:
            continue
        silent = False
        if there is not None or _may_repeat(said.get(kind), seen):
            comment = there.id if there else ""
            body = f"{text}\n\n{marker}"
            actions.append(EnsureReply(request.discussion, kind, body, marker, comment))
            said[kind] = observation.now
    since = max(said.values(), default=observation.now)
    if discussion.open and closes(request, observation.now - since):
        silent = False
        if _may_repeat(said.get(CLOSING), seen):
            actions.append(EnsureClosed(request.discussion))
            said[CLOSING] = observation.now
    return DueReplies(tuple(actions), said, silent)


def _may_repeat(ordered: float | None, seen: float) -> bool:
    """Whether it was never ordered, or was not there when it could no more be on its way."""
    return ordered is None or seen - ordered > GRACE


def closes(request: Request, silence: float) -> bool:
    """Whether the bot closes the discussion of a request in this state, after so many seconds."""
    if request.status is Status.FAILED:
        return silence > PATIENCE
    if request.status in LIVE:
        return False
    return not is_talk(request)


def is_talk(request: Request) -> bool:
    """A discussion that never named a language, given up: it is left to people."""
    return request.verdict is Verdict.UNANSWERED and not request.choices and request.spec is None
