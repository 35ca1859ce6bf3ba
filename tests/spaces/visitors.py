"""Requests of visitors to the chat, and a model registry for them, without a browser or a Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapters import Adapter
from chat_settings import ChatSettings
from common.languages import by_code
from model_registry import ModelRegistry

if TYPE_CHECKING:
    import gradio as gr

ADAPTER = Adapter("org/kakugo-base-epo_Latn", "abc", "org/base", by_code("epo_Latn"), False)


def chat_settings(folder: Path) -> ChatSettings:
    env = {"KAKUGO_ORG": "org", "KAKUGO_OUTBOX": str(folder), "HF_ENDPOINT": "http://h"}
    return ChatSettings.read(env)


def model_registry(folder: Path) -> ModelRegistry:
    """Return a registry with one adapter."""
    registry = ModelRegistry(chat_settings(folder))
    registry.adapters = (ADAPTER,)
    return registry


def visitor(session: str = "one", address: str = "1.2.3.4", query: str = "") -> gr.Request:
    """Return a request of one session from an address, with a made-up `X-Forwarded-For`."""
    import gradio as gr
    from starlette.requests import Request

    scope = {
        "type": "http",
        "headers": [(b"x-forwarded-for", session.encode())],
        "query_string": query.encode(),
        "client": (address, 1),
    }
    return gr.Request(Request(scope), session_hash=session)


def signed_in(account: str) -> gr.OAuthProfile:
    """Return who has signed in, as Gradio gives it to a handler."""
    import gradio as gr

    profile = {"name": account, "preferred_username": account, "profile": "", "picture": ""}
    return gr.OAuthProfile(profile)
