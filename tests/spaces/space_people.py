"""Somebody who comes to the chat, and the room they come to, without a browser or a Hub."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from adapters import Adapter
from chat_handlers import Room
from languages import by_code
from model_registry import Settings
from starlette.requests import Request

ADAPTER = Adapter("org/kakugo-base-epo_Latn", "abc", "org/base", by_code("epo_Latn"), False)


def room(folder: Path) -> Room:
    settings = {"KAKUGO_ORG": "org", "KAKUGO_OUTBOX": str(folder), "HF_ENDPOINT": "http://h"}
    made = Room(Settings.read(settings))
    made.shelf.adapters = (ADAPTER,)
    return made


def visitor(session: str = "one", forwarded: str = "1.2.3.4") -> gr.Request:
    scope = {
        "type": "http",
        "headers": [(b"x-forwarded-for", forwarded.encode())],
        "client": ("127.0.0.1", 1),
    }
    return gr.Request(Request(scope), session_hash=session)
