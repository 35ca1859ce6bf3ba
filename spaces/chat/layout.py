"""The layout of the chat page, and which handler each event calls."""

from __future__ import annotations

from functools import partial
from typing import Any

import blind_test_layout
import feedback_layout
import fragments
import gradio as gr
import javascript
import review_layout
import settings_layout
import steward_layout
from answer_settings import AnswerSettings
from blind_test_handlers import BlindTestHandlers
from chat_handlers import ChatHandlers
from chat_settings import ChatSettings
from common.gradio_components import html_component
from common.gradio_options import IMMEDIATE
from components import (
    ENGLISH_TEXTS,
    QUEUED,
    ChatComponents,
    PageState,
    TranslatedComponents,
    message_box,
    sent_receipts,
)
from conversation import Conversation
from engine import Engine
from feedback_handlers import FeedbackHandlers
from i18n import ENGLISH
from model_registry import ModelRegistry
from outbox import Outbox
from review_handlers import ReviewHandlers
from review_samples import ReviewSamples
from selection_handlers import SelectionHandlers
from steward_handlers import StewardHandlers
from uploader import Uploader

POLL_SECONDS = 10.0


def build(
    settings: ChatSettings,
    registry: ModelRegistry,
    engine: Engine,
    outbox: Outbox,
    uploader: Uploader | None,
) -> gr.Blocks:
    """Lay out the pages and connect them; without an uploader nothing can be sent."""
    translated = TranslatedComponents()
    with gr.Blocks(title="Kakugo chat", fill_width=True) as demo:
        with gr.Row(elem_classes="k-header"):
            hero = html_component(fragments.hero(ENGLISH_TEXTS))
            ui_language = translated.create(
                gr.Radio,
                {"label": "ui_language"},
                choices=[("English", ENGLISH)],
                value=ENGLISH,
                visible=False,
                scale=0,
                elem_id="ui-language",
            )
        state = PageState(
            ui_language=ui_language,
            conversation=gr.State(Conversation()),
            saved_conversation=gr.BrowserState(
                None, storage_key="kakugo-conversation", secret="kakugo-conversation"
            ),
            settings=gr.State(AnswerSettings()),
            chosen_model=gr.State(""),
            shown_model=gr.State(""),
            known_models=gr.State(()),
            rated_answer=gr.State(None),
            sent=sent_receipts(),
        )
        page = _lay_out(translated, hero)
        settings_layout.build(translated, state.settings)
        form = feedback_layout.lay_out(translated, settings.can_sign_in)
        chat = ChatHandlers(registry, engine, page, state)
        selection = SelectionHandlers(settings, registry, chat, page, state)
        feedback = FeedbackHandlers(registry, outbox, uploader, form, state)
        _connect_selection(demo, selection, page, state)
        _connect_chat(chat, selection, page, state)
        _connect_toolbar(selection, page, state)
        feedback_layout.connect(demo, feedback, form, page.adapter_chat, state)
        ui_language.change(
            selection.translate,
            [state.chosen_model, ui_language],
            [page.hero, page.model_info, page.adapter_chat, page.page_state],
            **IMMEDIATE,
        )
        ui_language.change(translated.updates, [ui_language], translated.components, **IMMEDIATE)
    with demo.route("Offline", "/offline", show_in_navbar=False) as offline:
        offline_page = html_component("")
        offline.load(selection.offline_page, None, [offline_page], **IMMEDIATE)
    samples = ReviewSamples(registry.api, settings.org)
    with demo.route("Review", "/review", show_in_navbar=False) as review_page:
        review_layout.build(
            review_page,
            partial(ReviewHandlers, registry, samples, outbox, uploader),
            settings.can_sign_in,
        )
    with demo.route("Blind test", "/blind", show_in_navbar=False) as blind_test_page:
        blind_test_layout.build(
            blind_test_page,
            partial(BlindTestHandlers, registry, engine, chat, outbox, uploader),
            settings.can_sign_in,
        )
    with demo.route("Stewards", "/stewards", show_in_navbar=False) as steward_page:
        steward_layout.build(
            steward_page,
            partial(StewardHandlers, settings, registry, samples, outbox, uploader),
            settings.can_sign_in,
        )
    return demo  # type: ignore[no-any-return]


def _chatbot(translated: TranslatedComponents, label: str, elem_id: str, **options: Any) -> Any:
    return translated.create(
        gr.Chatbot,
        {"label": label},
        elem_id=elem_id,
        layout="bubble",
        height="clamp(280px, 100dvh - 430px, 720px)",
        buttons=["copy"],
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        min_width=280,
        scale=1,
        **options,
    )


def _lay_out(translated: TranslatedComponents, hero: Any) -> ChatComponents:
    with gr.Row(elem_classes="k-selection"):
        language = translated.create(
            gr.Dropdown,
            {"label": "language"},
            choices=[],
            filterable=True,
            allow_custom_value=True,
            elem_id="language",
        )
        model = translated.create(
            gr.Dropdown, {"label": "model"}, choices=[], visible=False, elem_id="model"
        )
        compare = translated.create(gr.Checkbox, {"label": "compare"}, elem_id="compare")
    name_lookup = html_component("", js_on_load=javascript.PICK, elem_id="name-lookup")
    model_info = html_component("", elem_id="model-info")
    with gr.Row(equal_height=True):
        adapter_chat = _chatbot(
            translated, "with_adapter", "adapter-chat", show_label=False, editable="user"
        )
        base_chat = _chatbot(
            translated, "base_model", "base-chat", visible=False, feedback_options=None
        )
    examples = html_component("", js_on_load=javascript.PICK, elem_id="examples")
    with gr.Row(elem_classes="k-composer"):
        message, send = message_box(translated)
        stop = translated.button("stop", scale=0, elem_id="stop", visible=False)
    with gr.Row(elem_classes="k-toolbar"):
        status = html_component(fragments.status(""))
        share = translated.button("share", size="sm", scale=0, elem_id="share")
        export = translated.button("export", size="sm", scale=0, elem_id="export", visible=False)
        new_chat = translated.button("new_chat", size="sm", scale=0, elem_id="new-chat")
    share_link = translated.create(
        gr.Textbox,
        {"label": "share_link", "info": "share_link_info"},
        visible=False,
        interactive=False,
        buttons=["copy"],
        max_lines=8,
        elem_id="share-link",
    )
    page_state = html_component("", js_on_load=javascript.APPLY_PAGE_STATE, elem_id="page-state")
    return ChatComponents(
        hero, language, model, compare, name_lookup, model_info, adapter_chat, base_chat, examples,
        message, send, stop, status, share, export, new_chat, share_link, page_state,
    )  # fmt: skip


def _connect_selection(
    demo: Any, handlers: SelectionHandlers, page: ChatComponents, state: PageState
) -> None:
    chosen, known, ui_language = state.chosen_model, state.known_models, state.ui_language
    loaded = [
        page.language, chosen, known, page.name_lookup, page.message_box, page.compare, ui_language,
    ]  # fmt: skip
    named = [page.language, chosen, page.name_lookup, page.message_box]
    by_name = [page.language, chosen, ui_language]
    selections = (
        demo.load(handlers.load_languages, [chosen, known], loaded, **IMMEDIATE),
        gr.Timer(POLL_SECONDS).tick(handlers.load_languages, [chosen, known], loaded, **IMMEDIATE),
        page.language.change(handlers.choose_language, by_name, named, **IMMEDIATE),
        page.name_lookup.pick(
            handlers.choose_suggestion, [chosen, ui_language], named, **IMMEDIATE
        ),
        page.model.input(lambda repo: repo, [page.model], [chosen], **IMMEDIATE),
    )
    shown = [chosen, state.shown_model, state.saved_conversation, ui_language]
    views = _model_views(page, state)
    for selected in selections:
        selected.then(handlers.show_model_if_new, shown, views, **IMMEDIATE)
    page.compare.change(
        lambda on: [gr.update(show_label=on), gr.update(visible=on)],
        [page.compare],
        [page.adapter_chat, page.base_chat],
        **IMMEDIATE,
    )


def _model_views(page: ChatComponents, state: PageState) -> list[Any]:
    """Return what showing another model or another conversation changes."""
    return [
        state.shown_model, page.model, state.ui_language, page.model_info, page.examples,
        state.conversation, page.adapter_chat, page.base_chat, page.status, page.page_state,
        page.send, page.stop, page.export,
    ]  # fmt: skip


def _connect_chat(
    chat: ChatHandlers,
    selection: SelectionHandlers,
    page: ChatComponents,
    state: PageState,
) -> None:
    inputs = [
        state.conversation, state.chosen_model, page.compare, state.settings, state.ui_language,
    ]  # fmt: skip
    views = [
        page.message_box, state.conversation, page.adapter_chat, page.base_chat, page.status,
        page.send, page.stop, page.examples, page.export,
    ]  # fmt: skip
    sends = [page.send.click, page.message_box.submit]
    sent = gr.on(sends, chat.send, [page.message_box, *inputs], views, **QUEUED)
    picked = page.examples.pick(chat.send_example, inputs, views, **QUEUED)
    retried = page.adapter_chat.retry(chat.retry, inputs, views, **QUEUED)
    edited = page.adapter_chat.edit(chat.edit, inputs, views, **QUEUED)
    kept = [state.conversation, state.chosen_model]
    for answered in (sent, picked, retried, edited):
        answered.then(selection.save_conversation, kept, [state.saved_conversation], **IMMEDIATE)
    page.stop.click(chat.stop, None, None, **IMMEDIATE)


def _connect_toolbar(selection: SelectionHandlers, page: ChatComponents, state: PageState) -> None:
    chosen, ui_language = state.chosen_model, state.ui_language
    started = [*_model_views(page, state), state.saved_conversation]
    # In the queue like the answers, so that what a running one still sends comes before it.
    page.new_chat.click(selection.new_chat, [chosen, ui_language], started, **QUEUED)
    page.export.click(None, [state.saved_conversation], None, js=javascript.EXPORT)
    viewed = [page.message_box, state.conversation, chosen, page.compare, ui_language]
    shared = page.share.click(selection.share_link, viewed, [page.share_link], **IMMEDIATE)
    shared.then(None, [page.share_link], None, js=javascript.COPY)
