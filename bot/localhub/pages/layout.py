"""What all pages share: the templates and their words, the security headers, errors as pages."""

from __future__ import annotations

import asyncio
import inspect
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.wire import HubError, path_param
from bot.localhub.discussions import markdown
from bot.localhub.pages import session

HERE = Path(__file__).parent
STATIC = {"hub.css": "text/css", "hub.js": "text/javascript", "icon.svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:;"
    " script-src 'self'; connect-src 'self'; frame-src http://localhost:* http://127.0.0.1:*;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
UNITS = ((31536000, "year"), (2592000, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))

Page = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


# ── words of the templates ───────────────────────────────────────────────────────────────────


def ago(moment: str, now: str) -> str:
    """Return how long ago something was, in words."""
    then = datetime.fromisoformat(moment)
    seconds = (datetime.fromisoformat(now) - then).total_seconds()
    for length, unit in UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def size(count: int) -> str:
    """Return a number of bytes in words."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def seconds(count: int | None) -> str:
    """Return a duration like `2 m 05 s`."""
    if count is None:
        return "–"
    if count < 60:
        return f"{count} s"
    if count < 3600:
        return f"{count // 60} m {count % 60:02} s"
    return f"{count // 3600} h {count % 3600 // 60:02} m"


def hue(name: str) -> int:
    """Return the colour, in degrees, by which a name is known everywhere."""
    return zlib.crc32(name.lower().encode()) % 360


def safe_html(text: str, base: str = "") -> Markup:
    """Return Markdown as HTML; relative links lead into the files of the repo at `base`."""
    return Markup(markdown.to_html(text, base))


def environment() -> Environment:
    """Return the templates."""
    made = Environment(
        loader=FileSystemLoader(HERE.parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = {"ago": ago, "size": size, "seconds": seconds, "hue": hue, "markdown": safe_html}
    made.filters |= {**words, "quoted": lambda text: quote(str(text), safe="/")}
    return made


TEMPLATES = environment()


# ── rendering ────────────────────────────────────────────────────────────────────────────────


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page."""
    hub = hub_of(request)
    asked = f"?{request.url.query}" if request.url.query else ""
    common = {
        "user": auth.who(request),
        "csrf": session.form_token(request),
        "here": "/" if request.url.path == "/login" else request.url.path + asked,
        "now": hub.now(),
        "hub_url": hub.url,
    }
    text = TEMPLATES.get_template(template).render(**common, **values)
    return HTMLResponse(text, status, HEADERS)


def page(handler: Page) -> Callable[[Request], Awaitable[Response]]:
    """Return a route's endpoint: like others, but a refusal is a page, or the way to the login."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        try:
            if inspect.iscoroutinefunction(handler):
                response: Response = await handler(request)
                return response
            return await run_in_threadpool(handler, request)  # type: ignore[arg-type]
        except HubError as error:
            return await asyncio.to_thread(refuse, request, error)

    return endpoint


def refuse(request: Request, error: HubError) -> Response:
    """Return a HubError as a page."""
    if location := error.headers.get("Location"):
        return session.go(location)
    if error.status == 401:
        error = HubError(404, "Sorry, we can't find the page you are looking for.")
    return render(request, "error.html", error.status, error=error)


# ── assets ───────────────────────────────────────────────────────────────────────────────────


def static(request: Request) -> Response:
    """Return the style sheet, the script or the icon."""
    name = path_param(request, "file")
    if name not in STATIC:
        raise HubError(404, f"There is no file {name[:50]!r}")
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return FileResponse(HERE.parent / "static" / name, media_type=STATIC[name], headers=headers)


def avatar(request: Request) -> Response:
    """Return a name's initial on its colour."""
    name = path_param(request, "account").removesuffix(".svg")
    letter = name[:1].upper() if name[:1].isalnum() else "?"
    text = TEMPLATES.get_template("avatar.svg").render(letter=letter, name=name)
    return Response(text, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


ROUTES = [Route("/static/{file}", static), Route("/avatars/{account}", avatar)]
