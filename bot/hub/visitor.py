"""The Hub as an ordinary user sees it: open a discussion, read replies, follow a job's log."""

from __future__ import annotations

from collections.abc import Iterator

from huggingface_hub import DiscussionComment
from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.hub.client import NETWORK_ERRORS, Connection, translated

# The stages in which a Space answers, also while a newer version of it is built.
SERVING = ("RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING")


def ask_for(hub: Connection, title: str) -> int:
    """Open a discussion with nothing but a title; the one that is there already counts."""
    repo = names.leaderboard(hub.org)
    with translated("open a discussion"):
        mine = [
            discussion.num
            for discussion in hub.api.get_repo_discussions(repo, repo_type="space", author=hub.me)
            if discussion.title == title
        ]
        if mine:
            return min(mine)
        return hub.api.create_discussion(repo, title, description="", repo_type="space").num


def replies(hub: Connection, num: int, author: str) -> tuple[bool, list[str]]:
    """Whether the discussion is open, and what `author` has said in it."""
    with translated(f"read discussion {num}"):
        details = hub.api.get_discussion_details(names.leaderboard(hub.org), num, repo_type="space")
    said = [
        event.content
        for event in details.events
        if isinstance(event, DiscussionComment) and event.author == author
    ]
    return details.status == "open", said


def job_log(hub: Connection, job: str) -> Iterator[str]:
    """The lines of a job's log until it ends; a stream that breaks simply ends."""
    try:
        yield from hub.api.fetch_job_logs(job_id=job, namespace=hub.org, follow=True)
    except (HfHubHTTPError, *NETWORK_ERRORS):
        return


def space_host(hub: Connection, repo: str) -> str:
    """The URL at which a Space's app answers itself; empty while it does not run."""
    with translated(f"look at the Space {repo}"):
        info = hub.api.space_info(repo)
    running = info.runtime is not None and info.runtime.stage in SERVING
    return str(info.host or "") if running else ""
