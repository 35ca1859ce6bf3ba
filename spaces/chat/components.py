"""Gradio components whose texts follow the interface language, and the state of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import javascript
from common.gradio_components import Updates, html_component
from common.gradio_options import IMMEDIATE
from conversation import MAX_MESSAGE_LENGTH
from feedback import MAX_CREDIT_LENGTH
from i18n import ENGLISH, translations
from waiting_queue import MAX_WAITING

# Every visitor waits in our own queue, which shows the position, so Gradio's must never be full.
QUEUED: dict[str, Any] = IMMEDIATE | {"queue": True, "concurrency_limit": MAX_WAITING + 5}
ENGLISH_TEXTS = translations(ENGLISH)


class TranslatedComponents:
    """Creates components in English and remembers which texts to replace in another language."""

    def __init__(self) -> None:
        self._keys: list[tuple[Any, dict[str, str]]] = []

    def create(self, component_class: Any, keys: dict[str, str], **options: Any) -> Any:
        """Create a component; `keys` maps its properties to keys of texts."""
        texts = {name: ENGLISH_TEXTS(key) for name, key in keys.items()}
        component = component_class(**texts, **options)
        self._keys.append((component, keys))
        return component

    def button(self, key: str, **options: Any) -> Any:
        return self.create(gr.Button, {"value": key}, **options)

    @property
    def components(self) -> list[Any]:
        return [component for component, _ in self._keys]

    def updates(self, ui_language: str) -> Updates:
        """Return the texts of all components in another language."""
        t = translations(ui_language)
        updates: Updates = {}
        for component, keys in self._keys:
            texts: dict[str, Any] = {name: t(key) for name, key in keys.items()}
            updates[component] = gr.update(**texts)
        return updates


def message_box(translated: TranslatedComponents) -> tuple[Any, Any]:
    """Create the box for a message, and the button that sends it."""
    box = translated.create(
        gr.Textbox,
        {"label": "your_message", "placeholder": "message_placeholder"},
        show_label=False,
        max_length=MAX_MESSAGE_LENGTH,
        max_lines=6,
        scale=1,
        elem_id="message-box",
        interactive=False,
    )
    return box, translated.button("send", scale=0, elem_id="send", variant="primary")


def credit_box(translated: TranslatedComponents, elem_id: str, **options: Any) -> Any:
    """Create the box for the name of a person who wants credit."""
    return translated.create(
        gr.Textbox,
        {"label": "credit", "info": "credit_info"},
        max_length=MAX_CREDIT_LENGTH,
        max_lines=1,
        elem_id=elem_id,
        **options,
    )


def sent_receipts() -> Any:
    """Create the component for the receipts that a browser keeps; all pages share them."""
    return gr.BrowserState([], storage_key="kakugo-sent", secret="kakugo-sent")


def sign_in_row(translated: TranslatedComponents, can_sign_in: bool) -> None:
    """Create the button with which people sign in, and what that changes.

    Without what the Hub gives for it, there is no button: Gradio would take every visitor for the
    owner of the token.
    """
    if can_sign_in:
        with gr.Row(elem_classes="k-sign-in"):
            sign_out = f"{ENGLISH_TEXTS('sign_out')} ({{}})"
            gr.LoginButton(ENGLISH_TEXTS("sign_in"), sign_out, size="sm", scale=0)
            html_component("", js_on_load=javascript.SIGN_IN)
            translated.create(gr.Markdown, {"value": "sign_in_info"}, container=False)


@dataclass(frozen=True)
class PageState:
    """The components that hold the values of a visitor's page."""

    ui_language: Any
    conversation: Any
    saved_conversation: Any
    settings: Any
    chosen_model: Any
    shown_model: Any
    known_models: Any
    rated_answer: Any
    sent: Any


@dataclass(frozen=True)
class ChatComponents:
    """The components of the conversation."""

    hero: Any
    language: Any
    model: Any
    compare: Any
    name_lookup: Any
    model_info: Any
    adapter_chat: Any
    base_chat: Any
    examples: Any
    message_box: Any
    send: Any
    stop: Any
    status: Any
    share: Any
    export: Any
    new_chat: Any
    share_link: Any
    page_state: Any


@dataclass(frozen=True)
class FeedbackComponents:
    """The components of the feedback form and of the list of what was sent."""

    panel: Any
    fields: Any
    about: Any
    rating: Any
    categories: Any
    correction: Any
    credit: Any
    consent: Any
    send: Any
    cancel: Any
    status: Any
    thanks: Any
    sent_list: Any
    key: Any
    delete: Any
    delete_status: Any


@dataclass(frozen=True)
class ReviewComponents:
    """The components of the review page that its handlers change."""

    heading: Any
    language: Any
    ui_language: Any
    sample: Any
    row: Any
    history: Any
    row_html: Any
    answer: Any
    buttons: Any
    undo: Any
    reviewer: Any
    status: Any
    sent: Any


@dataclass(frozen=True)
class BlindTestComponents:
    """The components of the blind test that its handlers change."""

    heading: Any
    language: Any
    ui_language: Any
    message: Any
    examples: Any
    test: Any
    answers: Any
    votes: Any
    status: Any
    sent: Any


@dataclass(frozen=True)
class StewardComponents:
    """The components of the stewards' page that its handlers change."""

    heading: Any
    language: Any
    ui_language: Any
    panel: Any
    rows: Any
    shown: Any
    text: Any
    credit: Any
    accept_edited: Any
    people: Any
    status: Any
