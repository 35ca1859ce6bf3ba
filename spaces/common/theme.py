"""The Gradio theme and the style sheet of both apps."""

from __future__ import annotations

from pathlib import Path

import gradio as gr


def theme() -> gr.Theme:
    """Return a theme with system fonts only: the default theme loads fonts from another host."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def style_sheet(folder: Path) -> str:
    """Return the shared rules followed by `style.css` of a Space's folder."""
    sheets = (Path(__file__).with_name("style.css"), folder / "style.css")
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
