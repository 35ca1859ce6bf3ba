"""The HTML of the queue of requests. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from common.hub_urls import HubUrls
from common.markup import link, safe
from request_queue import Request, Step

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
    if not requests:
        first = link(urls.discussions, "Be the first, in the Community tab.")
        return f'<p class="k-empty">No language has been requested yet. {first}</p>'
    items = "".join(_request(request, urls) for request in requests)
    return f'<ul class="k-queue">{items}</ul>'


def _request(request: Request, urls: HubUrls) -> str:
    name = request.name or request.code or "A request"
    autonym = f" <bdi>{safe(request.autonym)}</bdi>" if request.autonym not in ("", name) else ""
    look = "open" if request.is_unfinished else "closed"
    status = _STATUSES.get(request.status, request.status)
    requester = f"requested by {safe(request.author)}" if request.author else "requested"
    discussion = (
        link(urls.discussion(request.discussion), f"Discussion #{request.discussion}")
        if request.discussion is not None
        else ""
    )
    steps = "".join(_step(step) for step in request.steps) if request.name else ""
    return (
        f'<li class="k-request"><div><strong><bdi>{safe(name)}</bdi></strong>{autonym}'
        f'<span class="k-request-status k-is-{look}">{safe(status)}</span></div>'
        f'<ol class="k-steps" aria-label="Steps">{steps}</ol>'
        f'<p class="k-requester">{requester} {discussion}</p></li>'
    )


def _step(step: Step) -> str:
    look, text = _STATES.get(step.state, ("waiting", step.state or "waiting"))
    details = f", attempt {step.attempt}" if step.attempt > 1 else ""
    if look == "now" and 0 < step.progress_tenths < 10:
        details = f", {10 * step.progress_tenths}%{details}"
    return (
        f'<li class="k-step-{look}">{_STEP_NAMES[step.name]} '
        f"<small>{safe(text)}{safe(details)}</small></li>"
    )
