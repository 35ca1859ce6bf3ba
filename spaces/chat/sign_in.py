"""Sign-in with the Hub: of a person, this Space learns their name and picture."""

from __future__ import annotations

from urllib.parse import urlsplit

import gradio as gr
from starlette.requests import Request
from starlette.responses import RedirectResponse

Profile = gr.OAuthProfile | None


def account_of(profile: Profile) -> str:
    """Return the name on the Hub of who is signed in, "" for nobody."""
    return str(profile.username) if profile else ""


def back_to_page(request: Request, _: Exception) -> RedirectResponse:
    """Go back to the page of this Space where a person began to sign in but refused.

    Gradio fails for it: this handles authlib's `OAuthError`, also of a code that is too old.
    """
    target = urlsplit(request.query_params.get("_target_url", ""))
    path = "/" + target.path.lstrip("/\\")  # never the name of another host
    return RedirectResponse(f"{path}?{target.query}".rstrip("?"))
