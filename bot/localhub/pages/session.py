"""Who sits at the browser, and whether a form is really one of ours.

On a loopback address choosing a user is enough to be that user, elsewhere it takes their token;
what is guarded here is that only a person does so, not another site's page.
"""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.localhub.core import auth
from bot.localhub.core.auth import SESSION_COOKIE, User
from bot.localhub.core.wire import HubError

FORM_LIMIT = 300_000
MOST_FIELDS = 20


def form_token(request: Request) -> str:
    """Return what a form of this session carries, so that no other page can send one."""
    return auth.digest("form of " + request.cookies.get(SESSION_COOKIE, ""))[:32]


def check_origin(request: Request) -> None:
    """HubError 403 for a request that another site's page sent."""
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if foreign or site not in ("same-origin", "none"):
        raise HubError(403, "This form was not sent from a page of this Hub: open it here again")


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form of ours; HubError 403 for one that is not, 413 for a huge one."""
    check_origin(request)
    if int(request.headers.get("content-length") or FORM_LIMIT + 1) > FORM_LIMIT:
        raise HubError(413, f"A form may have {FORM_LIMIT} bytes")
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    fields = {key: value for key, value in form.items() if isinstance(value, str)}
    if not secrets.compare_digest(fields.get("csrf", "").encode(), form_token(request).encode()):
        raise HubError(403, "This form is not of your session any more: open the page again")
    return fields


def require(request: Request) -> User:
    """Return the signed-in user; to nobody, the way to the login."""
    user = auth.who(request)
    if user is None:
        asked = f"{request.url.path}?{request.url.query}".rstrip("?")
        target = f"/login?next={quote(asked, safe='/')}"
        raise HubError(303, "Please sign in", headers={"Location": target})
    return user


def go(path: str) -> Response:
    """Return a redirect; only to a page of this Hub."""
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        path = "/"
    return RedirectResponse(path, 303)
