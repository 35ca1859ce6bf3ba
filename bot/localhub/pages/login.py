"""Sign in and out: by choosing a user or, where other machines can connect, by token."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.compute import oauth
from bot.localhub.core import auth
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError
from bot.localhub.pages.layout import allow_form_target, page, render
from bot.localhub.pages.session import read_form, redirect

SPACES = "http://localhost:*"  # a Space whose visitor has signed in before gets them back at once


def show(request: Request) -> Response:
    """Show the login form."""
    hub, target = hub_of(request), request.query_params.get("next", "/")
    with hub.store.read() as db:
        users = db.execute(
            "SELECT name, fullname FROM accounts WHERE type = 'user' ORDER BY name"
        ).fetchall()
    response = render(
        request, "login.html", users=users, target=target, by_token=hub.token_required
    )
    return allow_form_target(response, SPACES) if target.startswith(oauth.AUTHORIZE) else response


async def login(request: Request) -> Response:
    """Start a session."""
    fields = await read_form(request)
    hub = hub_of(request)
    value = await run_in_threadpool(_open_session, hub, fields)
    response = redirect(fields.get("next", "/"))
    response.set_cookie(auth.session_cookie(hub), value, httponly=True, samesite="lax", path="/")
    return response


def _open_session(hub: Hub, fields: dict[str, str]) -> str:
    """Return the cookie value of a new session; raises HubError if the login is not valid."""
    if hub.token_required:
        user = auth.user_of_token(hub, fields.get("token", "").strip())
        if user is None or user.role != "write":
            raise HubError(403, "This is not a token with write access to this Hub")
        with hub.store.write() as db:
            return auth.open_session(hub, db, user.id)
    with hub.store.write() as db:
        account = auth.find_account(db, fields.get("user", ""))
        if account is None or account["type"] != "user":
            raise HubError(400, "There is no such user: choose one from the list")
        return auth.open_session(hub, db, account["id"])


async def logout(request: Request) -> Response:
    """End the session."""
    await read_form(request)
    hub = hub_of(request)
    await run_in_threadpool(_close_session, hub, auth.session_value(request))
    response = redirect("/")
    response.delete_cookie(auth.session_cookie(hub), path="/")
    return response


def _close_session(hub: Hub, value: str) -> None:
    with hub.store.write() as db:
        auth.close_session(db, value)


ROUTES = [
    Route("/login", page(show)),
    Route("/login", page(login), methods=["POST"]),
    Route("/logout", page(logout), methods=["POST"]),
]
