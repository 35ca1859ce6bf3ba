"""Use the Hub like a person: open a discussion, read replies, follow the log of a job."""

from __future__ import annotations

from collections.abc import Iterator

from huggingface_hub import DiscussionComment
from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.hub.client import NETWORK_ERRORS, Connection, translate_errors
from bot.hub.discussions import read_details

# A Space also answers while a newer version of it is built.
SERVING_STAGES = ("RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING")


def open_discussion(hub: Connection, title: str) -> int:
    """Return the number of our first discussion with this title; open it if there is none.

    Raises TryLater and Refused.
    """
    repo = names.leaderboard(hub.org)
    with translate_errors("open a discussion"):
        nums = [
            discussion.num
            for discussion in hub.api.get_repo_discussions(repo, repo_type="space", author=hub.me)
            if discussion.title == title
        ]
        if nums:
            return min(nums)
        return hub.api.create_discussion(repo, title, description="", repo_type="space").num


def read_replies(hub: Connection, num: int, author: str) -> tuple[bool, list[str]]:
    """Return whether the discussion is open, and the comments of `author` in it.

    Raises TryLater and Refused.
    """
    details = read_details(hub, num)
    replies = [
        event.content
        for event in details.events
        if isinstance(event, DiscussionComment) and event.author == author
    ]
    return details.status == "open", replies


def follow_log(hub: Connection, job: str) -> Iterator[str]:
    """Yield the lines of a job's log until the job ends or the connection breaks."""
    try:
        yield from hub.api.fetch_job_logs(job_id=job, namespace=hub.org, follow=True)
    except (HfHubHTTPError, *NETWORK_ERRORS):
        return


def space_url(hub: Connection, repo: str) -> str:
    """Return the URL of a Space's app; empty while it does not run. Raises TryLater and Refused."""
    with translate_errors(f"read the Space {repo}"):
        info = hub.api.space_info(repo)
    is_running = info.runtime is not None and info.runtime.stage in SERVING_STAGES
    return str(info.host or "") if is_running else ""
