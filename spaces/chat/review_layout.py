"""The layout of the review page, and which handler each event calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fragments
import gradio as gr
from common.gradio_options import IMMEDIATE
from feedback import MAX_CORRECTION_LENGTH, MAX_CREDIT_LENGTH
from i18n import ENGLISH, translations
from review_handlers import ReviewHandlers
from reviews import VERDICTS


def build(page: Any, handlers: ReviewHandlers) -> None:
    """Lay out the page, which is a route of the chat app, and connect it."""
    t = translations(ENGLISH)
    sample, row, ui_language = gr.State(None), gr.State(None), gr.State(ENGLISH)
    reviewer = gr.BrowserState({}, storage_key="kakugo-review", secret="kakugo-review")
    sent = gr.BrowserState([], storage_key="kakugo-sent", secret="kakugo-sent")
    heading = gr.HTML(fragments.review_heading(t), apply_default_css=False)
    with gr.Row(elem_classes="k-selection"):
        language = gr.Dropdown(
            label=t("language"), choices=[], filterable=True, elem_id="review-language"
        )
    row_html = gr.HTML("", apply_default_css=False, elem_id="review-row")
    with gr.Column(elem_classes="k-fields", elem_id="review-form"):
        answer = gr.Textbox(
            label=t("review_answer"),
            info=t("correction_info"),
            lines=3,
            max_lines=12,
            max_length=MAX_CORRECTION_LENGTH,
            elem_id="review-answer",
            visible=False,
        )
        consent = gr.Checkbox(label=t("review_consent"), elem_id="review-consent")
        with gr.Row(elem_classes="k-form-buttons", visible=False) as buttons:
            verdict_buttons = [
                gr.Button(t(f"review_{verdict}"), scale=0, elem_id=f"review-{verdict}")
                for verdict in VERDICTS
            ]
            skip = gr.Button(t("review_skip"), scale=0, elem_id="review-skip")
        status = gr.HTML(fragments.status(""), apply_default_css=False, elem_id="review-status")
        credit = gr.Textbox(
            label=t("credit"),
            info=t("credit_info"),
            max_length=MAX_CREDIT_LENGTH,
            max_lines=1,
            elem_id="review-credit",
        )

    views = [sample, row, row_html, answer, buttons, reviewer, status]
    inputs = [sample, row, answer, credit, consent, reviewer, sent, ui_language]
    labelled = [answer, consent, *verdict_buttons, skip, credit, language, heading]
    selection = [language, reviewer, ui_language]
    loaded = page.load(handlers.load, None, [language, ui_language], **IMMEDIATE)
    loaded.then(_translated, [ui_language], labelled, **IMMEDIATE)
    loaded.then(handlers.show, selection, views, **IMMEDIATE)
    language.input(handlers.show, selection, views, **IMMEDIATE)
    for verdict, button in zip(VERDICTS, verdict_buttons, strict=True):
        button.click(_submit(handlers, verdict), inputs, [*views, sent], **IMMEDIATE)
    skip.click(handlers.skip, [sample, row, reviewer, ui_language], views, **IMMEDIATE)


def _submit(handlers: ReviewHandlers, verdict: str) -> Callable[..., list[Any]]:
    """Return the click handler of a verdict; Gradio finds the request by its annotation."""

    def click(
        sample: Any,
        row: Any,
        answer: str,
        credit: str,
        consent: bool,
        reviewer: Any,
        sent: Any,
        ui_language: str,
        request: gr.Request,
    ) -> list[Any]:
        return handlers.submit(
            verdict, sample, row, answer, credit, consent, reviewer, sent, ui_language, request
        )

    return click


def _translated(ui_language: str) -> list[Any]:
    """Return the texts of the page, in the order of `labelled`."""
    t = translations(ui_language)
    return [
        gr.update(label=t("review_answer"), info=t("correction_info")),
        gr.update(label=t("review_consent")),
        *(gr.update(value=t(f"review_{verdict}")) for verdict in VERDICTS),
        gr.update(value=t("review_skip")),
        gr.update(label=t("credit"), info=t("credit_info")),
        gr.update(label=t("language")),
        fragments.review_heading(t),
    ]
