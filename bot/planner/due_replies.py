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
from bot.domain.actions import GRACE, EnsureClosed, EnsureReply, Order
from bot.domain.observation import World
from bot.domain.policy import Terms
from bot.domain.request import CLOSING, LIVE, Request, Status, Verdict

PATIENCE = 14 * 86_400.0

# What looks like no request at all is left to people: it may be talk about something else.
NOT_OURS = (Verdict.NO_NAME, Verdict.UNKNOWN, Verdict.TOO_LONG)


@dataclass(frozen=True)
class Speech:
    """Orders, when each kind was ordered last, and whether nothing is left or on its way."""

    orders: tuple[Order, ...] = ()
    said: Mapping[str, float] = field(default_factory=dict)
    silent: bool = True


def speech(request: Request, world: World, terms: Terms) -> Speech:
    """What to say in the discussion of a request; nothing where nobody looked or it is gone."""
    discussion = world.discussions.get(request.discussion)
    if discussion is None:
        return Speech((), request.said, request.discussion in world.gone)
    orders: list[Order] = []
    said, silent = dict(request.said), True
    seen = min(world.now, discussion.seen)
    standing = {names.marker_kind(comment.marker): comment for comment in discussion.said}
    result = world.manifests.get((request.id, steps.last(request.spec)))
    for kind, text in replies.due(request, result, terms):
        marker, there = names.marker(kind, text), standing.get(kind)
        if there is not None and there.marker == marker:
            continue
        silent = False
        if there is not None or _may_repeat(said.get(kind), seen):
            comment = there.id if there else ""
            body = f"{text}\n\n{marker}"
            orders.append(EnsureReply(request.discussion, kind, body, marker, comment))
            said[kind] = world.now
    since = max(said.values(), default=world.now)
    if discussion.open and closes(request, world.now - since):
        silent = False
        if _may_repeat(said.get(CLOSING), seen):
            orders.append(EnsureClosed(request.discussion))
            said[CLOSING] = world.now
    return Speech(tuple(orders), said, silent)


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
