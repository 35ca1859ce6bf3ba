"""How the queue of requests looks: frozen values in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence

from markup import Links, link, safe
from request_queue import Request, Step

_STATES = {
    "made": ("done", "done"),
    "done": ("done", "done"),
    "running": ("now", "running"),
    "ordered": ("now", "starting"),
    "failed": ("bad", "failed"),
}
_STATUS = {
    "asked": "Waiting for an answer",
    "held": "Waiting for a maintainer",
    "open": "In progress",
    "done": "Done",
    "failed": "Did not work out",
    "declined": "Not taken",
    "cancelled": "Cancelled",
}
_STEP_NAMES = {"check": "Check", "generate": "Data", "train": "Training", "evaluate": "Tests",
               "improve": "Next version"}  # fmt: skip


def queue(requests: Sequence[Request], links: Links) -> str:
    """The requests with the state of each step."""
    if not requests:
        ask = link(links.community, "Be the first, in the Community tab.")
        return f'<p class="k-empty">Nobody has asked for a language yet. {ask}</p>'
    return f'<ul class="k-queue">{"".join(_request(r, links) for r in requests)}</ul>'


def _request(request: Request, links: Links) -> str:
    name = request.name or request.code or "A request"
    autonym = f" <bdi>{safe(request.autonym)}</bdi>" if request.autonym not in ("", name) else ""
    look = "open" if request.waiting else "over"
    told = _STATUS.get(request.status, request.status)
    asked = f"asked by {safe(request.author)}" if request.author else "asked"
    where = (
        link(links.discussion(request.discussion), f"Discussion #{request.discussion}")
        if request.discussion is not None
        else ""
    )
    steps = "".join(_step(step) for step in request.steps) if request.name else ""
    return (
        f'<li class="k-request"><div><strong><bdi>{safe(name)}</bdi></strong>{autonym}'
        f'<span class="k-state k-is-{look}">{safe(told)}</span></div>'
        f'<ol class="k-steps" aria-label="Steps">{steps}</ol>'
        f'<p class="k-asked">{asked} {where}</p></li>'
    )


def _step(step: Step) -> str:
    look, words = _STATES.get(step.state, ("wait", step.state or "waiting"))
    again = f", attempt {step.attempt}" if step.attempt > 1 else ""
    if look == "now" and 0 < step.tenths < 10:
        again = f", {10 * step.tenths} %{again}"
    return (
        f'<li class="k-step-{look}">{_STEP_NAMES[step.name]} '
        f"<small>{safe(words)}{safe(again)}</small></li>"
    )
