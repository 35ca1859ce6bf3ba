"""Components for our own HTML, and what handlers return."""

from __future__ import annotations

from typing import Any

import gradio as gr

Updates = dict[Any, Any]  # new values by component; other components stay as they are
NOTHING: Updates = gr.skip()


def html_component(value: str = "", **options: Any) -> Any:
    """Create a component for our own HTML."""
    return gr.HTML(value, apply_default_css=False, **options)
