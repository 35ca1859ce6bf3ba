"""Ask the signed-in user whether a Space may know who they are."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.localhub.compute import oauth
from bot.localhub.compute.hub import hub_of
from bot.localhub.pages.layout import allow_form_target, page, render
from bot.localhub.pages.session import read_form, require_login


def ask(request: Request) -> Response:
    """Show who asks, and what they will know; go on if the user has allowed it before."""
    hub, user = hub_of(request), require_login(request)
    authorization = oauth.read_authorization(request)
    if oauth.is_granted(hub, user, authorization):
        return RedirectResponse(oauth.grant(hub, user, authorization), 303)
    response = render(request, "authorize.html", app=authorization.app)
    return allow_form_target(response, authorization.origin)


async def answer(request: Request) -> Response:
    """Send the browser back to the Space, with a code or with the user's refusal."""
    fields = await read_form(request)
    target = await run_in_threadpool(_target, request, fields.get("answer", ""))
    return RedirectResponse(target, 303)


def _target(request: Request, given: str) -> str:
    user, authorization = require_login(request), oauth.read_authorization(request)
    if given != "allow":
        return authorization.target(error="access_denied")
    return oauth.grant(hub_of(request), user, authorization)


ROUTES = [
    Route(oauth.AUTHORIZE, page(ask)),
    Route(oauth.AUTHORIZE, page(answer), methods=["POST"]),
]
