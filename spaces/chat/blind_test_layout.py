"""The layout of the blind test of two versions, and which handler each event calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fragments
import gradio as gr
import javascript
from blind_test import VOTES, Vote
from blind_test_handlers import BlindTestHandlers
from common.gradio_components import Updates, html_component
from common.gradio_options import IMMEDIATE
from components import (
    ENGLISH_TEXTS,
    QUEUED,
    BlindTestComponents,
    TranslatedComponents,
    message_box,
    sent_receipts,
    sign_in_row,
)
from i18n import ENGLISH
from sign_in import Profile


def build(
    page: Any, handlers_of: Callable[[BlindTestComponents], BlindTestHandlers], can_sign_in: bool
) -> None:
    """Lay out the page, which is a route of the chat app, and connect it."""
    translated = TranslatedComponents()
    test, ui_language = gr.State(None), gr.State(ENGLISH)
    sent = sent_receipts()
    heading = html_component(fragments.blind_test_heading(ENGLISH_TEXTS))
    with gr.Row(elem_classes="k-selection"):
        language = translated.create(
            gr.Dropdown, {"label": "language"}, choices=[], elem_id="blind-language"
        )
    examples = html_component("", js_on_load=javascript.PICK, elem_id="examples")
    with gr.Row(elem_classes="k-composer"):
        message, send = message_box(translated)
    status = html_component(
        fragments.status(""), js_on_load=javascript.SHORTCUTS, elem_id="blind-status"
    )
    answers = html_component("", elem_id="blind-answers")
    with gr.Column(visible=False, elem_classes="k-fields", elem_id="blind-form") as votes:
        consent = translated.create(
            gr.Checkbox, {"label": "blind_consent"}, elem_id="blind-consent"
        )
        with gr.Row(elem_classes="k-form-buttons"):
            better = [
                translated.button(f"blind_{vote}", scale=0, elem_id=f"blind-{vote}")
                for vote in VOTES
            ]
    sign_in_row(translated, can_sign_in)

    components = BlindTestComponents(
        heading, language, ui_language, message, examples, test, answers, votes, status, sent
    )
    handlers = handlers_of(components)
    views = [test, answers, votes, status]
    chosen = [language, ui_language]
    loaded = page.load(handlers.load, None, [heading, language, ui_language], **IMMEDIATE)
    loaded.then(translated.updates, [ui_language], translated.components, **IMMEDIATE)
    offered = [*views, message, examples]
    loaded.then(handlers.choose, chosen, offered, **IMMEDIATE)
    language.input(handlers.choose, chosen, offered, **IMMEDIATE)
    gr.on([send.click, message.submit], handlers.ask, [message, *chosen], views, **QUEUED)
    examples.pick(handlers.ask_example, chosen, [*views, message], **QUEUED)
    for vote, button in zip(VOTES, better, strict=True):
        inputs = [test, consent, sent, ui_language]
        button.click(_vote(handlers, vote), inputs, [*views, message, sent], **IMMEDIATE)


def _vote(handlers: BlindTestHandlers, vote: Vote) -> Callable[..., Updates]:
    """Return the click handler of a vote; Gradio finds the request by its annotation."""

    def click(
        test: Any, consent: bool, sent: Any, ui_language: str, request: gr.Request, profile: Profile
    ) -> Updates:
        return handlers.vote(vote, test, consent, sent, ui_language, request, profile)

    return click
