"""Sign-in with the Hub: of a person, this Space learns their name and picture."""

from __future__ import annotations

import gradio as gr

Profile = gr.OAuthProfile | None


def account_of(profile: Profile) -> str:
    """Return the name on the Hub of who is signed in, "" for nobody."""
    return str(profile.username) if profile else ""
