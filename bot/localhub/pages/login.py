"""Sign in as one of the local users, or by token where other machines come, and sign out."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.auth import SESSION_COOKIE
from bot.localhub.core.hub import Hub, hub_of
from bot.localhub.core.wire import HubError
from bot.localhub.pages.layout import page, render
from bot.localhub.pages.session import go, read_form


def show(request: Request) -> Response:
    """Ask which of the local users it is."""
    hub, target = hub_of(request), request.query_params.get("next", "/")
    with hub.store.read() as db:
        users = db.execute(
            "SELECT name, fullname FROM accounts WHERE type = 'user' ORDER BY name"
        ).fetchall()
    return render(request, "login.html", users=users, target=target, by_token=hub.guarded)


async def login(request: Request) -> Response:
    """Begin a session."""
    fields = await read_form(request)
    hub = hub_of(request)
    way, said = (begin_by_token, "token") if hub.guarded else (begin, "user")
    value = await run_in_threadpool(way, hub, fields.get(said, ""))
    response = go(fields.get("next", "/"))
    response.set_cookie(SESSION_COOKIE, value, httponly=True, samesite="strict", path="/")
    return response


def begin(hub: Hub, name: str) -> str:
    """Open a session of a user; the value of its cookie."""
    with hub.store.write() as db:
        row = auth.account(db, name)
        if row is None or row["type"] != "user":
            raise HubError(400, "There is no such user: choose one of the list")
        return auth.open_session(hub, db, row["id"])


def begin_by_token(hub: Hub, token: str) -> str:
    """Open a session of the user whose token this is; HubError 403 unless it may write."""
    user = auth.of_token(hub, token.strip())
    if user is None or user.role != "write":
        raise HubError(403, "This is not a token with write access to this Hub")
    with hub.store.write() as db:
        return auth.open_session(hub, db, user.id)


async def logout(request: Request) -> Response:
    """End the session."""
    await read_form(request)
    await run_in_threadpool(end, hub_of(request), request.cookies.get(SESSION_COOKIE, ""))
    response = go("/")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def end(hub: Hub, value: str) -> None:
    """Close a session."""
    with hub.store.write() as db:
        auth.close_session(db, value)


ROUTES = [
    Route("/login", page(show)),
    Route("/login", page(login), methods=["POST"]),
    Route("/logout", page(logout), methods=["POST"]),
]
