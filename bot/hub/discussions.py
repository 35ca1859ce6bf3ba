"""Read discussions, at a cost that does not grow with their number.

Each observation reads the newest page of the listing and up to `OLDER_PAGES` others, in rotation.
The details of a discussion are read only if the listing shows something new, and for at most
`MAX_DETAILS` discussions. Everything kept here only saves calls: a new process finds the same a
little later.

The listing says how many comments each open discussion has, but not when it changed, nor is it
sorted by that. So an edited comment is noticed when there is another comment, or by a webhook. If a
Hub reports no numbers, the discussions that were read longest ago are read again. A new process
compares the numbers with those that the ledger expects, and reads `MAX_SPOT_CHECKS` of the others.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from huggingface_hub import DiscussionComment, DiscussionWithDetails
from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.domain.actions import GRACE_SECONDS
from bot.domain.observation import Comment, Discussion, OwnReply
from bot.domain.request import LIVE, Request
from bot.hub.client import (
    Allowance,
    Broken,
    Connection,
    Refused,
    status_code,
    translate_errors,
)
from recipes.validation.errors import quote

log = logging.getLogger(__name__)

MAX_DETAILS = 60
# A page has 50 discussions: 200 open ones are checked in each observation, 1,000 in seven. More
# pages would notice a command sooner where there is no webhook, at the cost of more calls.
OLDER_PAGES = 3
MAX_SPOT_CHECKS = 20
# Each may take as long as the time limit of a call.
MAX_UNREADABLE = 3
UNREPORTED = -1
POST_DELAY = timedelta(seconds=10)  # between a discussion and its own post, which come together
_ABOVE_ALL_NUMBERS = 1 << 40


def read_details(hub: Connection, num: int) -> DiscussionWithDetails:
    """Read a discussion with all its comments. Raises TryLater and Refused."""
    with translate_errors(f"read discussion {num}"):
        return _details(hub, num)


def own_markers(details: DiscussionWithDetails, me: str) -> list[str]:
    """Return the markers of the bot's own comments, empty for a comment without one."""
    own = [event for event in _comments(details) if event.author == me]
    return [names.find_marker(comment.content or "") for comment in own]


@dataclass(frozen=True)
class _Cached:
    """A discussion, its listed number of comments, and when something new was last read."""

    discussion: Discussion
    comment_count: int
    changed_at: float

    def needs_second_read(self, last_reply_at: float, now: float) -> bool:
        """Whether to read it again, because the Hub must show recent changes by now."""
        return any(
            self.discussion.observed_at <= moment + delay < now
            for moment, delay in (
                (self.changed_at, GRACE_SECONDS / 2),
                (last_reply_at, GRACE_SECONDS),
            )
        )


@dataclass
class DiscussionReader:
    """The discussions that this process has read.

    `has_more_due`: more discussions are due than one observation may read. `unreadable` are those
    that the Hub did not show in the last observation.
    """

    allowance: Allowance = field(default_factory=Allowance)
    has_more_due: bool = False
    unreadable: frozenset[int] = frozenset()
    _cache: dict[int, _Cached] = field(default_factory=dict)
    _to_read_again: set[int] = field(default_factory=set)
    _deleted: set[int] = field(default_factory=set)

    def invalidate(self, num: int) -> None:
        """Read this discussion the next time, whatever the listing shows."""
        self._to_read_again.add(num)

    def read(
        self,
        hub: Connection,
        active: Collection[Request],
        resting: Collection[Request],
        known: Collection[int],
        now: float,
    ) -> tuple[Mapping[int, Discussion], frozenset[int]]:
        """Return the discussions of active requests, the new ones, and which are deleted.

        One of a resting request is read if the listing shows that it was reopened, or after a
        webhook. `known` are the discussions of all requests. Raises TryLater and Refused.
        """
        requests = {request.discussion: request for request in active}
        with translate_errors("read the discussions"):
            listed, counts = self._list(hub, known, now)
            new = sorted(num for num in counts if num not in known)
            for request in resting:
                num = request.discussion
                if num in counts or num in self._to_read_again:
                    requests[num] = request
                    if num not in self._cache or not self._cache[num].discussion.open:
                        self._to_read_again.add(num)
            to_read_again, changed, unchanged = self._split_by_urgency(
                requests, listed, counts, now
            )
            due = [*to_read_again, *new[: MAX_DETAILS // 2], *changed, *new[MAX_DETAILS // 2 :]]
            self.has_more_due = len(due) > MAX_DETAILS
            self.unreadable = frozenset()
        for num in [*due, *unchanged][:MAX_DETAILS]:
            if len(self.unreadable) == MAX_UNREADABLE:
                self.has_more_due = True
                break
            try:
                with translate_errors(f"read discussion {num}"):
                    self._read(hub, num, counts.get(num), now)
            except (Broken, Refused) as error:
                log.warning("%s", error)
                self.unreadable |= {num}
            is_recent = num not in requests or now - requests[num].opened_at <= GRACE_SECONDS
            if num in self._deleted and is_recent:
                self._deleted.discard(num)  # the listing was ahead of the details
        self._to_read_again &= requests.keys()
        self._cache = {n: c for n, c in self._cache.items() if n in requests or n in counts}
        wanted = {*requests, *new}
        discussions = {n: c.discussion for n, c in self._cache.items() if n in wanted}
        return discussions, frozenset(self._deleted & requests.keys())

    def _split_by_urgency(
        self,
        requests: Mapping[int, Request],
        listed: Collection[range],
        counts: Mapping[int, int],
        now: float,
    ) -> tuple[list[int], list[int], list[int]]:
        """Return discussions in three lists: to read again, seemingly changed, and unchanged."""
        to_read_again, changed, uncached, unreported = [], [], [], []
        for num, request in requests.items():
            cached, count = self._cache.get(num), counts.get(num)
            is_closed = count is None and any(num in span for span in listed)
            if num in self._to_read_again:
                to_read_again.append(num)
            elif cached is None and num in self._deleted:
                continue
            elif self._seems_changed(request, cached, count, is_closed, now):
                changed.append(num)
            elif count == UNREPORTED:
                unreported.append(num)
            elif cached is None:
                uncached.append(num)
        unchanged = _rotated_by_minute(uncached, now)[:MAX_SPOT_CHECKS] + _rotated_by_minute(
            unreported, now
        )
        return to_read_again, changed, sorted(unchanged, key=self._read_at)

    def _seems_changed(
        self, request: Request, cached: _Cached | None, count: int | None, closed: bool, now: float
    ) -> bool:
        if cached is None:
            is_expected = count in (None, UNREPORTED, request.expected_comments)
            return closed or not is_expected or not _has_no_recent_activity(request, now)
        if closed and cached.discussion.open:
            return True
        has_new_count = count not in (None, cached.comment_count)
        return has_new_count or cached.needs_second_read(request.last_reply_at, now)

    def _read_at(self, num: int) -> float:
        return self._cache[num].discussion.observed_at if num in self._cache else 0.0

    def _read(self, hub: Connection, num: int, count: int | None, now: float) -> None:
        cached = self._cache.get(num)
        if count is None:
            count = cached.comment_count if cached else UNREPORTED
        try:
            details = _details(hub, num)
        except HfHubHTTPError as error:
            if status_code(error) != 404:
                raise
            self._deleted.add(num)
            return
        self._deleted.discard(num)
        self._to_read_again.discard(num)
        discussion, changed_at = replace(parse_details(details, hub.me), observed_at=now), now
        if cached is not None and cached.comment_count == count:
            if discussion == replace(cached.discussion, observed_at=now):
                changed_at = cached.changed_at
        self._cache[num] = _Cached(discussion, count, changed_at)

    def _list(
        self, hub: Connection, known: Collection[int], now: float
    ) -> tuple[list[range], dict[int, int]]:
        """Return the listed spans of numbers, and the number of comments of each open discussion.

        New discussions come first, so pages are read while they show something unknown. As the
        oldest new ones are accepted first, none can hide behind a page of known ones.
        """
        spans: list[range] = []
        counts: dict[int, int] = {}
        page, page_count = 0, 1
        while page < page_count:
            span, page_counts, page_count = self._list_page(hub, page)
            lowest = 0 if page + 1 >= page_count else span.start
            spans.append(range(lowest, span.stop if page else _ABOVE_ALL_NUMBERS))
            counts.update(page_counts)
            if all(num in known for num in page_counts):
                break
            page += 1
        for older in _older_pages_of_minute(range(page + 1, page_count), now):
            span, page_counts, _ = self._list_page(hub, older)
            spans.append(span)
            counts.update(page_counts)
        return spans, counts

    def _list_page(self, hub: Connection, page: int) -> tuple[range, dict[int, int], int]:
        """Return the span of a page, its numbers of comments, and how many pages there are."""
        path = f"spaces/{names.leaderboard(hub.org)}/discussions"
        # Without this order, pinned discussions come first, and a page is no range of numbers.
        query = {"type": "discussion", "status": "open", "sort": "recently-created", "p": page}
        listing, self.allowance = hub.get(path, **query)
        items = listing["discussions"]
        nums = [int(item["num"]) for item in items]
        counts = {
            int(item["num"]): int(item.get("numComments", UNREPORTED))
            for item in items
            if _listed_author(item) != hub.me
        }
        span = range(min(nums), max(nums) + 1) if nums else range(0)
        page_size = max(1, int(listing["start"]) // page if page else len(nums))
        return span, counts, -(-int(listing["count"]) // page_size)


def _has_no_recent_activity(request: Request, now: float) -> bool:
    """Whether no job is running and no reply was ordered recently."""
    is_active = any(record.is_active for record in request.steps.values())
    has_replied = request.reported or request.status in LIVE
    return has_replied and not is_active and now - request.last_reply_at > 5 * GRACE_SECONDS


def _older_pages_of_minute(pages: range, now: float) -> list[int]:
    """Return the older pages to read in this minute.

    The clock decides which, so that a new process continues where the last one stopped.
    """
    if not pages:
        return []
    first = int(now // 60) * OLDER_PAGES
    return [pages[(first + n) % len(pages)] for n in range(min(OLDER_PAGES, len(pages)))]


def _rotated_by_minute(nums: list[int], now: float) -> list[int]:
    """Start at another number each minute, so that short-lived processes reach all of them."""
    start = int(now / 60) * MAX_SPOT_CHECKS % len(nums) if nums else 0
    return nums[start:] + nums[:start]


def _listed_author(item: Mapping[str, Any]) -> str:
    author = item.get("author") or {}
    return str(author.get("name", "")) if isinstance(author, dict) else ""


def _details(hub: Connection, num: int) -> DiscussionWithDetails:
    return hub.api.get_discussion_details(names.leaderboard(hub.org), num, repo_type="space")


def _comments(details: DiscussionWithDetails) -> list[DiscussionComment]:
    return [event for event in details.events if isinstance(event, DiscussionComment)]


def _author_of(comment: DiscussionComment) -> str:
    """Return the author's name; empty for a deleted account.

    The client returns "deleted" for that, which may be somebody's name.
    """
    return comment.author if comment._event.get("author") else ""


def _text(value: object) -> str:
    """Return a text; raise TypeError for anything else, which the client does not check."""
    if not isinstance(value, str):
        raise TypeError(f"{quote(value)} is not text")
    return value


def _split_post(
    details: DiscussionWithDetails, comments: list[DiscussionComment]
) -> tuple[DiscussionComment | None, list[DiscussionComment]]:
    """Return the post and the other comments.

    Without a description, a discussion may have no post: the first comment may be a stranger's.
    """
    if not comments or comments[0].author != details.author:
        return None, comments
    age = comments[0].created_at - details.created_at
    return (comments[0], comments[1:]) if age <= POST_DELAY else (None, comments)


def parse_details(details: DiscussionWithDetails, me: str) -> Discussion:
    comments = _comments(details)
    first, comments = _split_post(details, comments)
    return Discussion(
        num=details.num,
        title=_text(details.title),
        body=_text(first.content or "") if first and not first.hidden else "",
        author=_text(_author_of(first) if first else details.author),
        open=details.status == "open",
        created_at=details.created_at.timestamp(),
        own_replies=tuple(
            OwnReply(comment.id, marker)
            for comment in comments
            if comment.author == me and (marker := names.find_marker(comment.content or ""))
        ),
        comments=tuple(
            Comment(
                _text(comment.id),
                _text(_author_of(comment)),
                _text(comment.content),
                comment.created_at.timestamp(),
            )
            for comment in comments
            if comment.author != me and comment.content and not comment.hidden
        ),
    )
