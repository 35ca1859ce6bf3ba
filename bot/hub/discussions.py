"""What is said in the discussions, at a price that does not grow with how many there are.

Each look reads the newest page of the listing and at most `OLDER` others in turn; details are read
only where the listing shows something new, and never more than `MOST` of them. All of it is memory
of what was seen: without it (a new process) the same is found a little later.

The listing tells how many comments each open discussion has, and neither when it changed nor in
that order: a comment that was edited is seen when somebody says something more, or rings. Where it
tells no number, those that were seen longest ago are read again, as many as a look takes on. A new
process compares with the number that the ledger expects, and reads `SPARE` of those that agree.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from huggingface_hub import DiscussionComment, DiscussionWithDetails
from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.domain.actions import GRACE
from bot.domain.observation import Comment, Discussion, OwnReply
from bot.domain.request import LIVE, Request
from bot.hub.client import Allowance, Connection, translated

log = logging.getLogger(__name__)

MOST = 60
# Fifty are on a page: so 200 open discussions are looked through at each look, 1,000 in seven. More
# pages hear a command sooner where no webhook rings, and cost calls for everybody who only waits.
OLDER = 3
# Where nothing seems to have happened a new process looks all the same, at so many in turn.
SPARE = 20
UNTOLD = -1
_ENDLESS = 1 << 40


@dataclass(frozen=True)
class _Seen:
    """What was seen, how many comments were listed then, and when something new was seen last."""

    discussion: Discussion
    comment_count: int
    changed_at: float

    def is_due(self, said: float, now: float) -> bool:
        """Whether to look once more, now that what people and bots did cannot be late any more."""
        return any(
            self.discussion.observed_at <= moment + late < now
            for moment, late in ((self.changed_at, GRACE / 2), (said, GRACE))
        )


@dataclass
class DiscussionReader:
    """The discussions as far as this process saw them; `behind`: more than one look takes on."""

    allowance: Allowance = field(default_factory=Allowance)
    behind: bool = False
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _invalidated: set[int] = field(default_factory=set)
    _deleted: set[int] = field(default_factory=set)

    def invalidate(self, num: int) -> None:
        """Something happens in this discussion: look at it the next time."""
        self._invalidated.add(num)

    def read(
        self, hub: Connection, active: Collection[Request], known: Collection[int], now: float
    ) -> tuple[Mapping[int, Discussion], frozenset[int]]:
        """The discussions of the active requests and the new ones, and which of them are gone."""
        mine = {request.discussion: request for request in active}
        with translated("look at the discussions"):
            listed, counts = self._list(hub, known, now)
            fresh = sorted(num for num in counts if num not in known)
            stirred, restless, quiet = self._sort(mine, listed, counts, now)
            due = [*stirred, *fresh[: MOST // 2], *restless, *fresh[MOST // 2 :]]
            self.behind = len(due) > MOST
            for num in [*due, *quiet][:MOST]:
                self._read_details(hub, num, counts.get(num), now)
                if num in self._deleted and (num not in mine or now - mine[num].opened_at <= GRACE):
                    self._deleted.discard(num)  # a listing was ahead of what answers here
        self._invalidated &= mine.keys()
        self._seen = {n: s for n, s in self._seen.items() if n in mine or n in counts}
        wanted = {*mine, *fresh}
        shown = {num: s.discussion for num, s in self._seen.items() if num in wanted}
        return shown, frozenset(self._deleted & mine.keys())

    def _sort(
        self,
        mine: Mapping[int, Request],
        listed: Collection[range],
        counts: Mapping[int, int],
        now: float,
    ) -> tuple[list[int], list[int], list[int]]:
        """Where the bot itself was at work, where something else happened, and the quiet ones."""
        stirred, restless, unread, untold = [], [], [], []
        for num, request in mine.items():
            seen, count = self._seen.get(num), counts.get(num)
            closed = count is None and any(num in span for span in listed)
            if seen is None:
                told = (None, UNTOLD, request.expected_comments)
                changed = closed or count not in told or not _is_calm(request, now)
            else:
                changed = (closed and seen.discussion.open) or count not in (
                    None,
                    seen.comment_count,
                )
                changed = changed or seen.is_due(request.last_reply_at, now)
            if num in self._invalidated:
                stirred.append(num)
            elif seen is None and num in self._deleted:
                continue
            elif changed:
                restless.append(num)
            elif count == UNTOLD:
                untold.append(num)
            elif seen is None:
                unread.append(num)
        quiet = _in_turn(unread, now)[:SPARE] + _in_turn(untold, now)
        return stirred, restless, sorted(quiet, key=self._last_seen)

    def _last_seen(self, num: int) -> float:
        return self._seen[num].discussion.observed_at if num in self._seen else 0.0

    def _read_details(self, hub: Connection, num: int, count: int | None, now: float) -> None:
        before = self._seen.get(num)
        count = count if count is not None else before.comment_count if before else UNTOLD
        try:
            details = hub.api.get_discussion_details(
                names.leaderboard(hub.org), num, repo_type="space"
            )
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 404:
                raise
            self._deleted.add(num)
            return
        self._deleted.discard(num)
        self._invalidated.discard(num)
        found = replace(_discussion(details, hub.me), observed_at=now)
        same = before is not None and found == replace(before.discussion, observed_at=now)
        changed = before.changed_at if same and before and before.comment_count == count else now
        self._seen[num] = _Seen(found, count, changed)

    def _list(
        self, hub: Connection, known: Collection[int], now: float
    ) -> tuple[list[range], dict[int, int]]:
        """Spans of numbers that were listed, and how many comments each open one has.

        New ones come first: the listing is followed as long as it shows something unknown. As the
        oldest new ones are taken first, none can hide behind a page of known ones.
        """
        spans: list[range] = []
        counts: dict[int, int] = {}
        page, last = 0, 1
        while page < last:
            span, found, last = self._list_page(hub, page)
            lowest = 0 if page + 1 >= last else span.start
            spans.append(range(lowest, span.stop if page else _ENDLESS))
            counts.update(found)
            if all(num in known for num in found):
                break
            page += 1
        for older in _older(range(page + 1, last), now):
            span, found, _ = self._list_page(hub, older)
            spans.append(span)
            counts.update(found)
        return spans, counts

    def _list_page(self, hub: Connection, page: int) -> tuple[range, dict[int, int], int]:
        # Without a sort, pinned discussions come first, and a page is no range of numbers.
        sort = "recently-created"
        query = {"type": "discussion", "status": "open", "sort": sort, "p": page}
        path = f"spaces/{names.leaderboard(hub.org)}/discussions"
        answer, self.allowance = hub.get(path, **query)
        listed = answer["discussions"]
        nums = [int(each["num"]) for each in listed]
        found = {
            int(each["num"]): int(each.get("numComments", UNTOLD))
            for each in listed
            if _author(each) != hub.me
        }
        span = range(min(nums), max(nums) + 1) if nums else range(0)
        size = max(1, int(answer["start"]) // page if page else len(nums))
        return span, found, -(-int(answer["count"]) // size)


def _is_calm(request: Request, now: float) -> bool:
    """Whether nothing is under way and nothing was just ordered to be said."""
    at_work = any(record.is_active for record in request.steps.values())
    said = request.reported or request.status in LIVE
    return said and not at_work and now - request.last_reply_at > 5 * GRACE


def _older(pages: range, now: float) -> list[int]:
    """Whose turn it is in this minute: by the clock, so that a new process goes on with it."""
    if not pages:
        return []
    first = int(now // 60) * OLDER
    return [pages[(first + n) % len(pages)] for n in range(min(OLDER, len(pages)))]


def _in_turn(nums: list[int], now: float) -> list[int]:
    """Begun elsewhere each minute, so that processes without memory come round, too."""
    start = int(now / 60) * SPARE % len(nums) if nums else 0
    return nums[start:] + nums[:start]


def _author(listed: Mapping[str, Any]) -> str:
    author = listed.get("author") or {}
    return str(author.get("name", "")) if isinstance(author, dict) else ""


def _writer(comment: DiscussionComment) -> str:
    """The name of who wrote a comment, empty for an account that was deleted.

    The client says "deleted" then, which may be somebody's name.
    """
    return comment.author if comment._event.get("author") else ""


def _discussion(details: DiscussionWithDetails, me: str) -> Discussion:
    comments = [event for event in details.events if isinstance(event, DiscussionComment)]
    opening = comments[0] if comments else None
    return Discussion(
        num=details.num,
        title=details.title,
        body=opening.content or "" if opening and not opening.hidden else "",
        author=_writer(opening) if opening else details.author,
        open=details.status == "open",
        created_at=details.created_at.timestamp(),
        own_replies=tuple(
            OwnReply(comment.id, marker)
            for comment in comments
            if comment.author == me and (marker := names.find_marker(comment.content or ""))
        ),
        comments=tuple(
            Comment(_writer(comment), comment.content, comment.created_at.timestamp())
            for comment in comments[1:]
            if comment.author != me and comment.content and not comment.hidden
        ),
    )
