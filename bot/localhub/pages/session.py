"""Who is signed in, and protection against forms from other sites.

On a loopback address, anyone may sign in as any user; elsewhere, it takes the user's token. The
checks here make sure that a person submits a form, and not a page of another site.
"""

from __future__ import annotations

import secrets
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.localhub.core import auth
from bot.localhub.core.auth import User
from bot.localhub.core.wire import HubError, split_url

FORM_LIMIT = 300_000
MAX_FIELDS = 20


def csrf_token(request: Request) -> str:
    """Return the token in every form of this session, without which a form is rejected."""
    return auth.digest("form of " + auth.session_value(request))[:32]


def check_origin(request: Request) -> None:
    """Raise HubError 403 if a page of another site sent the request."""
    origin = request.headers.get("origin")
    is_foreign = origin is not None and split_url(origin).netloc != request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if is_foreign or site not in ("same-origin", "none"):
        raise HubError(403, "This form was sent from another site: open it here and try again")


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form; raises HubError 403 if it is foreign, 413 if it is too large."""
    check_origin(request)
    if int(request.headers.get("content-length") or FORM_LIMIT + 1) > FORM_LIMIT:
        raise HubError(413, f"A form can have at most {FORM_LIMIT} bytes")
    form = await request.form(max_files=0, max_fields=MAX_FIELDS)
    fields = {key: value for key, value in form.items() if isinstance(value, str)}
    if not secrets.compare_digest(fields.get("csrf", "").encode(), csrf_token(request).encode()):
        raise HubError(403, "This form belongs to another session: open the page and try again")
    return fields


def require_login(request: Request) -> User:
    """Return the signed-in user; redirects to the login page if there is none."""
    user = auth.current_user(request)
    if user is None:
        path = f"{request.url.path}?{request.url.query}".rstrip("?")
        target = f"/login?next={quote(path, safe='/')}"
        raise HubError(303, "Please sign in", headers={"Location": target})
    return user


def redirect(path: str) -> Response:
    """Return a redirect to a page of this Hub; other targets become the home page."""
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        path = "/"
    return RedirectResponse(path, 303)
