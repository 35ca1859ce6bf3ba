"""Ask the signed-in user whether a Space may know who they are."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.localhub.compute import oauth
from bot.localhub.compute.hub import hub_of
from bot.localhub.pages.layout import CONTENT_SECURITY_POLICY, page, render
from bot.localhub.pages.session import read_form, require_login


def ask(request: Request) -> Response:
    """Show who asks, and what they will know; go on if the user has allowed it before."""
    hub, user = hub_of(request), require_login(request)
    authorization = oauth.read_authorization(request)
    if oauth.is_granted(hub, user, authorization):
        return RedirectResponse(oauth.grant(hub, user, authorization), 303)
    response = render(request, "authorize.html", app=authorization.app)
    # Browsers apply `form-action` also to the redirect that answers the form.
    own, allowed = "form-action 'self'", f"form-action 'self' {authorization.origin}"
    policy = CONTENT_SECURITY_POLICY.replace(own, allowed)
    response.headers["Content-Security-Policy"] = policy
    return response


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
    Route("/oauth/authorize", page(ask)),
    Route("/oauth/authorize", page(answer), methods=["POST"]),
]
