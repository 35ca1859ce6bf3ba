"""The layout of the feedback form, and which handler each of its events calls."""

from __future__ import annotations

from typing import Any

import fragments
import gradio as gr
import javascript
from common.gradio_components import html_component
from common.gradio_options import IMMEDIATE
from components import (
    ENGLISH_TEXTS,
    FeedbackComponents,
    PageState,
    TranslatedComponents,
    credit_box,
    sign_in_row,
)
from feedback import MAX_CORRECTION_LENGTH
from feedback_handlers import FeedbackHandlers, choices


def lay_out(translated: TranslatedComponents, can_sign_in: bool) -> FeedbackComponents:
    """Create the form and the list."""
    english = choices(ENGLISH_TEXTS)
    with gr.Column(visible=False, elem_id="feedback-form") as panel:
        about = html_component("")
        with gr.Column(elem_classes="k-fields") as fields:
            rating = translated.create(gr.Radio, {"label": "rating"}, choices=english["rating"])
            categories = translated.create(
                gr.CheckboxGroup, {"label": "categories"}, choices=english["categories"]
            )
            correction = translated.create(
                gr.Textbox,
                {"label": "correction", "info": "correction_info"},
                lines=3,
                max_lines=10,
                max_length=MAX_CORRECTION_LENGTH,
                elem_id="correction",
            )
            credit = credit_box(translated, "credit")
            consent = translated.create(gr.Checkbox, {"label": "consent"}, elem_id="consent")
            status = html_component(fragments.status(""))
            with gr.Row(elem_classes="k-form-buttons"):
                send = translated.button(
                    "send_feedback", variant="primary", scale=0, elem_id="send-feedback"
                )
                cancel = translated.button("cancel", scale=0, elem_id="cancel")
    thanks = html_component("", elem_id="thanks")
    with translated.create(gr.Accordion, {"label": "sent_title"}, open=False, elem_id="sent"):
        sent_list = html_component("", js_on_load=javascript.PICK, elem_id="sent-list")
        with gr.Row(elem_classes="k-delete-key"):
            key = translated.create(
                gr.Textbox,
                {"label": "key", "info": "key_info"},
                max_lines=1,
                max_length=200,
                scale=1,
                elem_id="delete-key",
            )
            delete = translated.button("delete", scale=0, elem_id="delete")
        delete_status = html_component(fragments.status(""), elem_id="delete-status")
    sign_in_row(translated, can_sign_in)
    return FeedbackComponents(
        panel, fields, about, rating, categories, correction, credit, consent, send, cancel,
        status, thanks, sent_list, key, delete, delete_status,
    )  # fmt: skip


def connect(
    demo: Any,
    handlers: FeedbackHandlers,
    form: FeedbackComponents,
    adapter_chat: Any,
    state: PageState,
) -> None:
    """Connect the form to the thumbs of the adapter's chatbot and to its own buttons."""
    rated, sent, ui_language = state.rated_answer, state.sent, state.ui_language
    opened = adapter_chat.like(
        handlers.open,
        [state.conversation, state.chosen_model, ui_language],
        [form.panel, rated, form.fields, form.about, form.rating, form.categories,
         form.correction, form.consent, form.status],
        **IMMEDIATE,
    )  # fmt: skip
    opened.then(None, None, None, js=javascript.SHOW_FEEDBACK_FORM)
    form.send.click(
        handlers.send,
        [rated, form.rating, form.categories, form.correction, form.credit, form.consent, sent,
         ui_language],
        [form.panel, rated, form.status, form.thanks, sent, form.sent_list],
        **IMMEDIATE,
    )  # fmt: skip
    form.cancel.click(handlers.cancel, None, [form.panel, rated], **IMMEDIATE)
    deleted = [form.delete_status, sent, form.sent_list, form.thanks]
    form.sent_list.pick(handlers.delete_from_list, [sent, ui_language], deleted, **IMMEDIATE)
    form.delete.click(handlers.delete, [form.key, sent, ui_language], deleted, **IMMEDIATE)
    demo.load(handlers.sent_list, [sent, ui_language], [form.sent_list], **IMMEDIATE)
    ui_language.change(handlers.sent_list, [sent, ui_language], [form.sent_list], **IMMEDIATE)
    ui_language.change(
        handlers.translate, [ui_language], [form.rating, form.categories], **IMMEDIATE
    )
