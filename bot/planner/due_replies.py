"""The replies that are missing or outdated in a discussion, and whether to close it.

A reply that is not seen may be on its way, so it is ordered again only after the grace: no two bots
post the same reply. One with an outdated text is edited in place, which may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot import replies
from bot.domain import names, steps
from bot.domain.actions import GRACE_SECONDS, Action, EnsureClosed, EnsureReply
from bot.domain.request import CLOSING, LIVE, Request, Status, Verdict
from bot.planner.situation import Situation

# How long to wait for an answer, or for a retry after a failure.
ANSWER_TIMEOUT = 14 * 86_400.0  # seconds

# Discussions that look like no request at all may be about something else: people close them.
NOT_A_REQUEST = (Verdict.NO_NAME, Verdict.UNKNOWN, Verdict.TOO_LONG)


@dataclass(frozen=True)
class DueReplies:
    """The actions, when each kind of reply was last ordered, and whether no reply is due."""

    actions: tuple[Action, ...] = ()
    replied_at: Mapping[str, float] = field(default_factory=dict)
    complete: bool = True


def due_replies(request: Request, situation: Situation) -> DueReplies:
    """Return what to post, edit or close; nothing if the discussion was not read or is deleted."""
    discussion, now = situation.discussion(request), situation.now
    if discussion is None:
        is_deleted = request.discussion in situation.observation.deleted
        return DueReplies((), request.replied_at, complete=is_deleted)
    actions: list[Action] = []
    replied_at, complete = dict(request.replied_at), True
    observed_at = min(now, discussion.observed_at)
    existing = {names.marker_kind(reply.marker): reply for reply in discussion.own_replies}
    result = situation.manifest(request, steps.last(request.spec))
    for kind, text in replies.due(request, result, situation.policy):
        marker, reply = names.marker(kind, text), existing.get(kind)
        if reply is not None and reply.marker == marker:
            continue
        complete = False
        if reply is not None or _may_order(replied_at.get(kind), observed_at):
            comment_id = reply.id if reply else ""
            body = f"{text}\n\n{marker}"
            actions.append(EnsureReply(request.discussion, kind, body, marker, comment_id))
            replied_at[kind] = now
    last_reply_at = max(replied_at.values(), default=now)
    if discussion.open and _closes(request, now - last_reply_at):
        complete = False
        if _may_order(replied_at.get(CLOSING), observed_at):
            actions.append(EnsureClosed(request.discussion))
            replied_at[CLOSING] = now
    return DueReplies(tuple(actions), replied_at, complete)


def _may_order(ordered_at: float | None, observed_at: float) -> bool:
    """Whether a reply was never ordered, or is still missing although it would have arrived."""
    return ordered_at is None or observed_at - ordered_at > GRACE_SECONDS


def _closes(request: Request, silent_seconds: float) -> bool:
    """Whether the bot closes the discussion, so many seconds after its last reply."""
    if request.status is Status.FAILED:
        return silent_seconds > ANSWER_TIMEOUT
    return request.status not in LIVE and not is_left_to_people(request)


def is_left_to_people(request: Request) -> bool:
    """Whether the discussion never named a language, and nobody answered the question."""
    return request.verdict is Verdict.UNANSWERED and not request.choices and request.spec is None
