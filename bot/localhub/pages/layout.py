"""What all pages share: templates, filters, security headers, error pages."""

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

from bot.language import Language, find
from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.wire import HubError, path_param
from bot.localhub.discussions import markdown
from bot.localhub.pages import session

ROOT = Path(__file__).parents[1]
STATIC = {"hub.css": "text/css", "hub.js": "text/javascript", "icon.svg": "image/svg+xml"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:;"
    " script-src 'self'; connect-src 'self'; frame-src http://localhost:* http://127.0.0.1:*;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
UNITS = ((31536000, "year"), (2592000, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))

Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]


# ── filters of the templates ─────────────────────────────────────────────────────────────────


def ago(moment: str, now: str) -> str:
    """Format how long ago something happened, like `2 days ago`."""
    then = datetime.fromisoformat(moment)
    seconds = (datetime.fromisoformat(now) - then).total_seconds()
    for length, unit in UNITS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def size(count: int) -> str:
    """Format a number of bytes, like `1.5 MB`."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def duration(seconds: int | None) -> str:
    """Format a number of seconds, like `2 m 05 s`."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} m"


def hue(name: str) -> int:
    """Return the hue of a name's avatar in degrees."""
    return zlib.crc32(name.lower().encode()) % 360


def language_names(codes: object) -> str:
    """Return the English names of the first languages of a card, by its codes."""
    listed = codes if isinstance(codes, list) else [codes]
    found = [find(code[:40]) for code in listed[:3] if isinstance(code, str)]
    return ", ".join(language.name for language in found if isinstance(language, Language))


def safe_html(text: str, base: str = "") -> Markup:
    """Render Markdown; relative links point to the files of the repo whose page is `base`."""
    return Markup(markdown.to_html(text, base))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ago": ago,
        "size": size,
        "duration": duration,
        "hue": hue,
        "language_names": language_names,
        "markdown": safe_html,
        "quoted": lambda text: quote(str(text), safe="/"),
    }
    return environment


TEMPLATES = _environment()


# ── rendering ────────────────────────────────────────────────────────────────────────────────


def allow_form_target(response: Response, origin: str) -> Response:
    """Let the forms of a page lead to another origin, also by the redirect that answers them."""
    own = "form-action 'self'"
    policy = CONTENT_SECURITY_POLICY.replace(own, f"{own} {origin}")
    response.headers["Content-Security-Policy"] = policy
    return response


def render(request: Request, template: str, status_code: int = 200, **values: Any) -> Response:
    """Render a template as a page."""
    hub = hub_of(request)
    query = f"?{request.url.query}" if request.url.query else ""
    common = {
        "user": auth.current_user(request),
        "csrf": session.csrf_token(request),
        "current_path": "/" if request.url.path == "/login" else request.url.path + query,
        "now": hub.now(),
        "hub_url": hub.url,
    }
    text = TEMPLATES.get_template(template).render(**common, **values)
    return HTMLResponse(text, status_code, HEADERS)


def page(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint whose errors are pages or redirects."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        try:
            if inspect.iscoroutinefunction(handler):
                response: Response = await handler(request)
                return response
            return await run_in_threadpool(handler, request)  # type: ignore[arg-type]
        except HubError as error:
            return await asyncio.to_thread(_error_page, request, error)

    return endpoint


def _error_page(request: Request, error: HubError) -> Response:
    if location := error.headers.get("Location"):
        return session.redirect(location)
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
    return FileResponse(ROOT / "static" / name, media_type=STATIC[name], headers=headers)


def avatar(request: Request) -> Response:
    """Draw the initial of a name on its color."""
    name = path_param(request, "account").removesuffix(".svg")
    letter = name[:1].upper() if name[:1].isalnum() else "?"
    text = TEMPLATES.get_template("avatar.svg").render(letter=letter, name=name)
    return Response(text, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


ROUTES = [Route("/static/{file}", static), Route("/avatars/{account}", avatar)]
