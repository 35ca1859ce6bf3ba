"""The chat Space: what the Hub runs."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # in a checkout, common/ is there
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

with contextlib.suppress(ImportError):  # ZeroGPU wants to be there before torch
    import spaces  # type: ignore[import-untyped]  # noqa: F401

import gradio as gr
from chat_handlers import Room
from common.csp import OnlyOwnHost
from feedback_handlers import Desk
from layout import build
from model_registry import Settings, Shelf
from outbox import Outbox
from review_handlers import ReviewDesk
from starlette.middleware import Middleware
from uploader import Pusher

THREADS = 80  # everybody in the line holds one while waiting


def theme() -> gr.Theme:
    """System fonts only: the default theme would ask a font server."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def pusher(settings: Settings, shelf: Shelf, outbox: Outbox) -> Pusher | None:
    """Who brings feedback to the Hub; nobody where there is no token to write with."""
    if not settings.token:
        logging.warning("no HF_TOKEN: feedback is not taken")
        return None
    return Pusher(shelf.api, f"{settings.org}/kakugo-feedback", outbox)


def main() -> None:
    """Look for models, serve the pages until a signal comes, and push what is left."""
    settings = Settings.read(os.environ)
    room, outbox = Room(settings), Outbox(settings.outbox)
    pushing = pusher(settings, room.shelf, outbox)
    room.shelf.start()
    if pushing:
        pushing.start()
    demo = build(room, Desk(room, outbox, pushing), ReviewDesk(room, outbox, pushing))
    over = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: over.set())
    demo.queue(max_size=None)
    demo.launch(
        server_port=settings.port,
        share=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        footer_links=[],
        theme=theme(),
        css=Path(__file__).with_name("style.css").read_text(encoding="utf-8"),
        app_kwargs={"middleware": [Middleware(OnlyOwnHost)]},
        max_threads=THREADS,
        prevent_thread_lock=True,
    )
    over.wait()
    if pushing:
        pushing.close()
    demo.close()


if __name__ == "__main__":
    main()
