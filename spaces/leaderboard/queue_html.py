"""The HTML of the queue of requests. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from common.hub_urls import HubUrls
from html_templates import render
from request_queue import Request

# State in the ledger → (class, text)
_STATES = {
    "made": ("done", "done"),
    "done": ("done", "done"),
    "running": ("now", "running"),
    "ordered": ("now", "starting"),
    "failed": ("failed", "failed"),
}
_STATUSES = {
    "asked": "Waiting for the requester's answer",
    "held": "Waiting for a maintainer",
    "open": "In progress",
    "done": "Done",
    "failed": "Failed",
    "declined": "Declined",
    "cancelled": "Cancelled",
}
_STEP_NAMES = {
    "check": "Check",
    "generate": "Data",
    "train": "Training",
    "evaluate": "Evaluation",
    "improve": "Next version",
}


def queue(requests: Sequence[Request], urls: HubUrls) -> str:
    """Return the requests with the state of each step."""
    return render(
        "queue.html",
        requests=requests,
        states=_STATES,
        statuses=_STATUSES,
        step_names=_STEP_NAMES,
        urls=urls,
    )
