"""The layout of the stewards' page, and which handler each event calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fragments
import gradio as gr
import javascript
from common.gradio_components import Updates, html_component
from common.gradio_options import IMMEDIATE
from components import (
    ENGLISH_TEXTS,
    StewardComponents,
    TranslatedComponents,
    credit_box,
    sign_in_row,
)
from decisions import Verdict
from feedback import MAX_CORRECTION_LENGTH
from i18n import ENGLISH
from sign_in import Profile
from steward_handlers import StewardHandlers


def build(
    page: Any, handlers_of: Callable[[StewardComponents], StewardHandlers], can_sign_in: bool
) -> None:
    """Lay out the page, which is a route of the chat app, and connect it."""
    translated = TranslatedComponents()
    ui_language, shown = gr.State(ENGLISH), gr.State(())
    heading = html_component(fragments.steward_heading("", False, ENGLISH_TEXTS))
    sign_in_row(translated, can_sign_in)
    with gr.Row(elem_classes="k-selection"):
        language = translated.create(
            gr.Dropdown,
            {"label": "language"},
            choices=[],
            visible=False,
            elem_id="steward-language",
        )
    status = html_component(
        fragments.status(""), js_on_load=javascript.SHORTCUTS, elem_id="steward-status"
    )
    with gr.Column(visible=False, elem_classes="k-fields", elem_id="steward-form") as panel:
        rows = gr.CheckboxGroup(label="", choices=[], elem_id="waiting-rows")
        with gr.Row(elem_classes="k-form-buttons"):
            select_all = translated.button("select_all", scale=0, elem_id="select-all")
            accept = translated.button("accept", scale=0, elem_id="accept")
            refuse = translated.button("refuse", scale=0, elem_id="refuse")
        text = translated.create(
            gr.Textbox,
            {"label": "edited_text"},
            lines=3,
            max_lines=12,
            max_length=MAX_CORRECTION_LENGTH,
            visible=False,
            elem_id="edited-text",
        )
        credit = credit_box(translated, "edited-credit", visible=False)
        accept_edited = translated.button(
            "accept_edited", scale=0, visible=False, elem_id="accept-edited"
        )
        people = translated.create(
            gr.CheckboxGroup, {"label": "people", "info": "people_info"}, choices=[],
            elem_id="known-people",
        )  # fmt: skip
        save_people = translated.button("save_people", scale=0, elem_id="save-people")

    components = StewardComponents(
        heading, language, ui_language, panel, rows, shown, text, credit, accept_edited, people,
        status,
    )  # fmt: skip
    handlers = handlers_of(components)
    views = [panel, rows, shown, text, credit, accept_edited, people, status]
    loaded = page.load(handlers.load, None, [heading, language, ui_language], **IMMEDIATE)
    loaded.then(translated.updates, [ui_language], translated.components, **IMMEDIATE)
    loaded.then(handlers.show, [language, ui_language], views, **IMMEDIATE)
    language.input(handlers.show, [language, ui_language], views, **IMMEDIATE)
    selected = [language, rows, ui_language]
    rows.change(handlers.pick, [rows, shown], [text, credit, accept_edited], **IMMEDIATE)
    select_all.click(handlers.select_all, [shown], [rows], **IMMEDIATE)
    accept.click(_decide(handlers, "accept"), selected, views, **IMMEDIATE)
    refuse.click(_decide(handlers, "refuse"), selected, views, **IMMEDIATE)
    edited = [language, rows, text, credit, ui_language]
    accept_edited.click(handlers.accept_edited, edited, views, **IMMEDIATE)
    save_people.click(handlers.save_people, [language, people, ui_language], views, **IMMEDIATE)


def _decide(handlers: StewardHandlers, verdict: Verdict) -> Callable[..., Updates]:
    """Return the click handler of a verdict; Gradio finds the request by its annotation."""

    def click(
        code: str, selected: list[str], ui_language: str, request: gr.Request, profile: Profile
    ) -> Updates:
        return handlers.decide(verdict, code, selected, ui_language, request, profile)

    return click
