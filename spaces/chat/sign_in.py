"""Sign-in with the Hub: of a person, this Space learns their name and picture."""

from __future__ import annotations

import logging
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

import gradio as gr
from i18n import ENGLISH, translations
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

Profile = gr.OAuthProfile | None
# Gradio counts its own redirects in this parameter, and hands it on through the Hub.
REDIRECTS, NEXT_COUNT = "_nb_redirects", {"0": "1", "1": "2"}


def account_of(profile: Profile) -> str:
    """Return the name on the Hub of who is signed in, "" for nobody."""
    return str(profile.username) if profile else ""


def back_to_page(request: Request, _: Exception) -> RedirectResponse:
    """Go back to the page of this Space where a person began to sign in but refused.

    Gradio fails for it: this handles authlib's `OAuthError`, also of a code that is too old.
    """
    target = _target(request)
    path = "/" + target.path.lstrip("/\\")  # never the name of another host
    return RedirectResponse(f"{path}?{target.query}".rstrip("?"))


def begin_again(request: Request, error: Exception) -> Response:
    """Begin to sign in again, up to twice: Gradio gives the Hub five seconds to answer."""
    logging.warning("cannot sign in: %s: %s", type(error).__name__, error)
    target, count = _target(request), NEXT_COUNT.get(request.query_params.get(REDIRECTS, "0"))
    if count:
        query = urlencode({"_target_url": target.geturl(), REDIRECTS: count})
        return RedirectResponse(f"/login/huggingface?{query}")
    ui_language = parse_qs(target.query).get("ui", [ENGLISH])[0]
    return PlainTextResponse(translations(ui_language)("sign_in_unreachable"), 503)


def _target(request: Request) -> SplitResult:
    """Return the address to go back to, or that of the first page if it is not a URL."""
    try:
        return urlsplit(request.query_params.get("_target_url", ""))
    except ValueError:
        return urlsplit("")
