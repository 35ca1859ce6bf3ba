"""The layout of the review page and what is connected to what. No decision here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fragments
import gradio as gr
from feedback import LONGEST_CORRECTION, LONGEST_CREDIT
from i18n import ENGLISH, words
from review_handlers import ReviewDesk, head
from reviews import VERDICTS

QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def build(page: Any, desk: ReviewDesk) -> None:
    """Lay out a page that the chat has as a route, and connect it."""
    said = words(ENGLISH)
    sample, row, tag = gr.State(None), gr.State(None), gr.State(ENGLISH)
    mine = gr.BrowserState({}, storage_key="kakugo-review", secret="kakugo-review")
    sent = gr.BrowserState([], storage_key="kakugo-sent", secret="kakugo-sent")
    top = gr.HTML(head(), apply_default_css=False)
    with gr.Row(elem_classes="k-choose"):
        language = gr.Dropdown(
            label=said("language"), choices=[], filterable=True, elem_id="review-language"
        )
    shown = gr.HTML("", apply_default_css=False, elem_id="review-row")
    with gr.Column(elem_classes="k-fields", elem_id="reviewing"):
        fixed = gr.Textbox(
            label=said("review_answer"),
            info=said("correction_info"),
            lines=3,
            max_lines=12,
            max_length=LONGEST_CORRECTION,
            elem_id="review-fixed",
            visible=False,
        )
        consent = gr.Checkbox(label=said("review_consent"), elem_id="review-consent")
        with gr.Row(elem_classes="k-send-opinion", visible=False) as buttons:
            made = [
                gr.Button(said(f"review_{one}"), scale=0, elem_id=f"review-{one}")
                for one in VERDICTS
            ]
            skip = gr.Button(said("review_skip"), scale=0, elem_id="review-skip")
        status = gr.HTML(fragments.status(""), apply_default_css=False, elem_id="review-status")
        credit = gr.Textbox(
            label=said("credit"),
            info=said("credit_info"),
            max_length=LONGEST_CREDIT,
            max_lines=1,
            elem_id="review-credit",
        )

    views = [sample, row, shown, fixed, buttons, mine, status]
    given = [sample, row, fixed, credit, consent, mine, sent, tag]
    labels = [fixed, consent, *made, skip, credit, language, top]
    arrived = page.load(desk.arrive, None, [language, tag], **QUIET)
    arrived.then(_dressed, [tag], labels, **QUIET)
    arrived.then(desk.show, [language, mine, tag], views, **QUIET)
    language.input(desk.show, [language, mine, tag], views, **QUIET)
    for verdict, button in zip(VERDICTS, made, strict=True):
        button.click(_judged(desk, verdict), given, [*views, sent], **QUIET)
    skip.click(desk.skip, [sample, row, mine, tag], views, **QUIET)


def _judged(desk: ReviewDesk, verdict: str) -> Callable[..., list[Any]]:
    """The click on one verdict; Gradio finds the request by its annotation."""

    def click(
        sample: Any,
        row: Any,
        fixed: str,
        credit: str,
        consent: bool,
        mine: Any,
        sent: Any,
        tag: str,
        request: gr.Request,
    ) -> list[Any]:
        return desk.judge(verdict, sample, row, fixed, credit, consent, mine, sent, tag, request)

    return click


def _dressed(tag: str) -> list[Any]:
    """The labels of the page in the interface language, in the order of `labels`."""
    said = words(tag)
    return [
        gr.update(label=said("review_answer"), info=said("correction_info")),
        gr.update(label=said("review_consent")),
        *(gr.update(value=said(f"review_{one}")) for one in VERDICTS),
        gr.update(value=said("review_skip")),
        gr.update(label=said("credit"), info=said("credit_info")),
        gr.update(label=said("language")),
        head(tag),
    ]
