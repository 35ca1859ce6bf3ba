"""The chat Space: the layout of the page and what is connected to what."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr
import pieces
from policy import OnlyOwnHost
from room import Room
from shelf import Settings
from starlette.middleware import Middleware
from talk import LONGEST_MESSAGE, Talk

LOOK_SECONDS = 10.0
MOST_WAITING = 20
# Puts a clicked example into the conversation and tells the browser language and direction.
PICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('[data-example]');
  if (button) trigger('pick', {text: button.textContent});
});
const tell = () => {
  const {lang, dir} = element.querySelector('[data-lang]')?.dataset ?? {};
  for (const one of document.querySelectorAll('#talk, #base, #say textarea')) {
    one.lang = lang ?? ''; one.dir = dir ?? 'auto';
  }
};
watch('value', tell);
tell();
"""


def theme() -> gr.Theme:
    """System fonts only: the default theme would ask a font server."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def _chatbot(label: str, name: str, visible: bool = True, show_label: bool = True) -> gr.Chatbot:
    return gr.Chatbot(
        label=label,
        elem_id=name,
        layout="bubble",
        height="clamp(260px, 100dvh - 430px, 720px)",
        buttons=["copy"],
        feedback_options=None,
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        min_width=280,
        scale=1,
        visible=visible,
        show_label=show_label,
    )


def build(room: Room) -> gr.Blocks:
    """Lay out the page and connect it."""
    quiet: dict[str, Any] = {
        "queue": False,
        "show_progress": "hidden",
        "api_visibility": "private",
    }
    with gr.Blocks(title="Kakugo chat", fill_width=True) as demo:
        talk, known = gr.State(Talk()), gr.State(())
        gr.HTML(pieces.HERO, apply_default_css=False)
        with gr.Row(elem_classes="k-choose"):
            language = gr.Dropdown([], label="Language", filterable=True, elem_id="language")
            compare = gr.Checkbox(label="Compare with the base model", elem_id="compare")
        about = gr.HTML("", apply_default_css=False)
        with gr.Row(elem_classes="k-talks", equal_height=True):
            left = _chatbot("With the adapter", "talk", show_label=False)
            right = _chatbot("Base model", "base", visible=False)
        chips = gr.HTML("", js_on_load=PICK, apply_default_css=False, elem_id="chips")
        with gr.Row(elem_classes="k-say"):
            text = gr.Textbox(
                label="Your message",
                show_label=False,
                placeholder="Write a message",
                max_length=LONGEST_MESSAGE,
                max_lines=6,
                scale=1,
                elem_id="say",
                interactive=False,
            )
            send = gr.Button("Send", variant="primary", scale=0, elem_id="send")
            stop = gr.Button("Stop", scale=0, elem_id="stop", visible=False)
        with gr.Row(elem_classes="k-after"):
            status = gr.HTML(pieces.status(""), apply_default_css=False)
            anew = gr.Button("New chat", size="sm", scale=0, elem_id="anew")

        views = [text, talk, left, right, status, send, stop, chips]
        asked: dict[str, Any] = {
            "show_progress": "hidden",
            "api_visibility": "private",
            "concurrency_limit": 1,
            "concurrency_id": "engine",
        }
        place = [talk, language, compare]
        gr.on([send.click, text.submit], room.say, [text, *place], views, **asked)
        chips.pick(room.pick, place, views, **asked)
        left.retry(room.again, place, views, **asked)
        stop.click(room.stop, None, None, **quiet)
        fresh = [about, chips, talk, left, right, status]
        gr.on([language.change, anew.click], room.choose, [language], fresh, **quiet)
        compare.change(
            lambda on: [gr.update(show_label=on), gr.update(visible=on)],
            [compare],
            [left, right],
            **quiet,
        )
        offered = [language, known, about, text]
        demo.load(room.offer, [language, known], offered, **quiet)
        gr.Timer(LOOK_SECONDS).tick(room.offer, [language, known], offered, **quiet)
    return demo  # type: ignore[no-any-return]


def main() -> None:
    """Look for models and serve the page; this is what the Hub runs."""
    settings = Settings.read(os.environ)
    room = Room(settings)
    room.shelf.start()
    demo = build(room)
    demo.queue(max_size=MOST_WAITING)
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
    )


if __name__ == "__main__":
    main()
