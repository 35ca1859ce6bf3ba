"""The options that both apps give to Gradio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ExceptionHandler

from common.csp import ContentSecurityPolicy
from common.gradio_language import EnglishGradio
from common.request_limits import RequestLimits
from common.theme import style_sheet, theme

# For events that answer at once: no queue, no progress overlay, not in the API.
IMMEDIATE: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
_STORAGE = Path(__file__).with_name("storage.js").read_text(encoding="utf-8")


def launch(
    demo: gr.Blocks,
    folder: Path,
    port: int | None,
    routes: Sequence[BaseRoute] = (),
    exception_handlers: Mapping[type[Exception], ExceptionHandler] | None = None,
    script: str = "",
    **options: Any,
) -> None:
    """Serve the pages with our theme, style sheet and policy; `folder` is that of the Space.

    Each page runs `script` before Gradio starts, in a block: its names must not hide global ones.
    """
    # With it, Gradio asks other hosts for a banner when it is not in the Hub's page.
    demo.space_id = None
    classes = (ContentSecurityPolicy, RequestLimits, EnglishGradio)
    middleware = [Middleware(each) for each in classes]
    demo.launch(
        server_port=port,
        share=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        footer_links=[],
        theme=theme(),
        css=style_sheet(folder),
        head=f"<script>{_STORAGE}</script><script>{{{script}}}</script>",
        app_kwargs={
            "routes": list(routes),
            "middleware": middleware,
            "exception_handlers": dict(exception_handlers or {}),
        },
        **options,
    )
