"""The layout of the review page, and which handler each event calls."""

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
    ReviewComponents,
    TranslatedComponents,
    credit_box,
    sent_receipts,
    sign_in_row,
)
from feedback import MAX_CORRECTION_LENGTH
from i18n import ENGLISH
from review_handlers import ReviewHandlers
from reviews import VERDICTS
from sign_in import Profile


def build(
    page: Any, handlers_of: Callable[[ReviewComponents], ReviewHandlers], can_sign_in: bool
) -> None:
    """Lay out the page, which is a route of the chat app, and connect it."""
    translated = TranslatedComponents()
    sample, row, ui_language = gr.State(None), gr.State(None), gr.State(ENGLISH)
    history = gr.State(())
    reviewer = gr.BrowserState({}, storage_key="kakugo-review", secret="kakugo-review")
    sent = sent_receipts()
    heading = html_component(fragments.review_heading(ENGLISH_TEXTS))
    with gr.Row(elem_classes="k-selection"):
        language = translated.create(
            gr.Dropdown,
            {"label": "language"},
            choices=[],
            filterable=True,
            elem_id="review-language",
        )
    row_html = html_component(
        fragments.status("…"),
        js_on_load=javascript.SHORTCUTS + javascript.SHOW_ROW,
        elem_id="review-row",
    )
    with gr.Column(elem_classes="k-fields", elem_id="review-form"):
        answer = translated.create(
            gr.Textbox,
            {"label": "review_answer", "info": "correction_info"},
            lines=3,
            max_lines=12,
            max_length=MAX_CORRECTION_LENGTH,
            elem_id="review-answer",
            visible=False,
        )
        consent = translated.create(
            gr.Checkbox, {"label": "review_consent"}, elem_id="review-consent"
        )
        with gr.Row(elem_classes="k-form-buttons", visible=False) as buttons:
            verdict_buttons = [
                translated.button(f"review_{verdict}", scale=0, elem_id=f"review-{verdict}")
                for verdict in VERDICTS
            ]
            skip = translated.button("review_skip", scale=0, elem_id="review-skip")
        with gr.Row(elem_classes="k-toolbar"):
            status = html_component(fragments.status(""), elem_id="review-status")
            undo = translated.button(
                "review_undo", size="sm", scale=0, elem_id="review-undo", visible=False
            )
        credit = credit_box(translated, "review-credit")
        sign_in_row(translated, can_sign_in)

    components = ReviewComponents(
        heading, language, ui_language, sample, row, history, row_html, answer, buttons, undo,
        reviewer, status, sent,
    )  # fmt: skip
    handlers = handlers_of(components)
    views = [sample, row, history, row_html, answer, buttons, undo, reviewer, status]
    inputs = [sample, row, answer, credit, consent, reviewer, history, sent, ui_language]
    selection = [language, reviewer, ui_language]
    loaded = page.load(handlers.load, None, [heading, language, ui_language], **IMMEDIATE)
    loaded.then(translated.updates, [ui_language], translated.components, **IMMEDIATE)
    loaded.then(handlers.show, selection, views, **IMMEDIATE)
    language.input(handlers.show, selection, views, **IMMEDIATE)
    for verdict, button in zip(VERDICTS, verdict_buttons, strict=True):
        button.click(_submit(handlers, verdict), inputs, [*views, sent], **IMMEDIATE)
    skipped = [sample, row, reviewer, history, ui_language]
    skip.click(handlers.skip, skipped, views, **IMMEDIATE)
    undone = [sample, reviewer, history, sent, ui_language]
    undo.click(handlers.undo, undone, [*views, sent], **IMMEDIATE)


def _submit(handlers: ReviewHandlers, verdict: str) -> Callable[..., Updates]:
    """Return the click handler of a verdict; Gradio finds the request by its annotation."""

    def click(
        sample: Any,
        row: Any,
        answer: str,
        credit: str,
        consent: bool,
        reviewer: Any,
        history: Any,
        sent: Any,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        return handlers.submit(
            verdict, sample, row, answer, credit, consent, reviewer, history, sent, ui_language,
            request, profile,
        )  # fmt: skip

    return click
