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
    "asked": "Waiting for an answer",
    "held": "Waiting for a maintainer",
    "open": "In progress",
    "done": "Done",
    "failed": "Failed",
    "declined": "Declined",
    "cancelled": "Cancelled",
}
VERDICTS = {
    "unknown": "no language has this name",
    "ambiguous": "several languages have this name",
    "script": "several scripts are possible",
    "no-name": "no language is named",
    "too-long": "the title is too long",
    "no-teacher": "the teacher here cannot teach it",
    "duplicate": "there is a request for it already",
    "no-model": "there is no model to improve",
    "too-few": "too few corrections so far",
    "too-dear": "it costs more than may start without a maintainer",
    "community": "its community decides",
    "withdrawn": "its community has withdrawn it",
    "too-many": "the requester has too many requests",
    "full": "the queue is full",
    "unworkable": "a step cannot work with what it was given",
    "hopeless": "the teacher knows the language poorly",
    "unanswered": "nobody answered the question",
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
        verdicts=VERDICTS,
        step_names=_STEP_NAMES,
        urls=urls,
    )
