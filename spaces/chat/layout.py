"""The layout of the page and what is connected to what. No decision here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fragments
import gradio as gr
import javascript
import review_layout
from chat_handlers import Room
from conversation import LONGEST_MESSAGE, Talk
from feedback import LONGEST_CORRECTION, LONGEST_CREDIT
from feedback_handlers import Desk, choices
from i18n import ENGLISH, words
from review_handlers import ReviewDesk
from selection_handlers import Front
from waiting_queue import MOST_WAITING

LOOK_SECONDS = 10.0
ENGLISH_WORDS = words(ENGLISH)
QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# Every visitor waits in our own line, which can say where one stands.
ASKED: dict[str, Any] = QUIET | {"queue": True, "concurrency_limit": MOST_WAITING + 5}
Said = list[tuple[Any, dict[str, str]]]  # a component, and its properties with their sentences


@dataclass(frozen=True)
class Chat:
    """The components of the conversation."""

    language: Any
    model: Any
    compare: Any
    found: Any
    about: Any
    left: Any
    right: Any
    chips: Any
    text: Any
    send: Any
    stop: Any
    status: Any
    share: Any
    anew: Any
    link: Any
    mood: Any


@dataclass(frozen=True)
class Form:
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
    sent: Any
    key: Any
    delete: Any
    deleted: Any


def build(room: Room, desk: Desk, review: ReviewDesk) -> gr.Blocks:
    """Lay out the pages and connect them."""
    front, said = Front(room), Said()
    with gr.Blocks(title="Kakugo chat", fill_width=True) as demo:
        talk, known, chosen, draft = gr.State(Talk()), gr.State(()), gr.State(""), gr.State(None)
        remembered = gr.BrowserState([], storage_key="kakugo-sent", secret="kakugo-sent")
        with gr.Row(elem_classes="k-top"):
            hero = _html(fragments.hero(ENGLISH_WORDS))
            interface = _in_english(
                said,
                gr.Radio,
                {"label": "interface"},
                choices=[("English", ENGLISH)],
                value=ENGLISH,
                visible=False,
                scale=0,
                elem_id="interface",
            )
        chat, form = _chat(said), _form(said)
        state = [talk, chosen, chat.compare, interface]
        _connect_choice(demo, front, chat, interface, talk, chosen, known)
        _connect_talk(room, front, chat, state)
        _connect_form(demo, desk, form, chat, [talk, chosen, interface], draft, remembered)
        pages = [hero, chat.about, chat.left, chat.mood]
        interface.change(front.dress, [chosen, interface], pages, **QUIET)
        interface.change(desk.remembered, [remembered, interface], [form.sent], **QUIET)
        interface.change(
            lambda tag: _dressed(said, tag), [interface], [c for c, _ in said], **QUIET
        )
        interface.change(
            lambda tag: [gr.update(choices=one) for one in choices(words(tag)).values()],
            [interface],
            [form.rating, form.categories],
            **QUIET,
        )
    with demo.route("Offline", "/offline", show_in_navbar=False) as offline:
        page = _html("")
        offline.load(front.offline, None, [page], **QUIET)
    with demo.route("Review", "/review", show_in_navbar=False) as reviewing:
        review_layout.build(reviewing, review)
    return demo  # type: ignore[no-any-return]


def _dressed(said: Said, tag: str) -> list[Any]:
    """All plain texts of the page in another interface language."""
    in_words = words(tag)
    texts: list[dict[str, Any]] = [
        {name: in_words(key) for name, key in names.items()} for _, names in said
    ]
    return [gr.update(**one) for one in texts]


def _in_english(said: Said, make: Any, names: dict[str, str], **options: Any) -> Any:
    """A component whose texts follow the interface language."""
    made = make(**{name: ENGLISH_WORDS(key) for name, key in names.items()}, **options)
    said.append((made, names))
    return made


def _html(value: str, **options: Any) -> Any:
    return gr.HTML(value, apply_default_css=False, **options)


def _chatbot(said: Said, key: str, name: str, **options: Any) -> Any:
    return _in_english(
        said,
        gr.Chatbot,
        {"label": key},
        elem_id=name,
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


def _chat(said: Said) -> Chat:
    with gr.Row(elem_classes="k-choose"):
        language = _in_english(
            said,
            gr.Dropdown,
            {"label": "language"},
            choices=[],
            filterable=True,
            allow_custom_value=True,
            elem_id="language",
        )
        model = _in_english(
            said, gr.Dropdown, {"label": "model"}, choices=[], visible=False, elem_id="model"
        )
        compare = _in_english(said, gr.Checkbox, {"label": "compare"}, elem_id="compare")
    found = _html("", js_on_load=javascript.PICK, elem_id="found")
    about = _html("")
    with gr.Row(elem_classes="k-talks", equal_height=True):
        left = _chatbot(said, "with_adapter", "talk", show_label=False, editable="user")
        right = _chatbot(said, "base_model", "base", visible=False, feedback_options=None)
    chips = _html("", js_on_load=javascript.PICK, elem_id="chips")
    with gr.Row(elem_classes="k-say"):
        text = _in_english(
            said,
            gr.Textbox,
            {"label": "your_message", "placeholder": "write"},
            show_label=False,
            max_length=LONGEST_MESSAGE,
            max_lines=6,
            scale=1,
            elem_id="say",
            interactive=False,
        )
        send = _button(said, "send", scale=0, elem_id="send", variant="primary")
        stop = _button(said, "stop", scale=0, elem_id="stop", visible=False)
    with gr.Row(elem_classes="k-after"):
        status = _html(fragments.status(""))
        share = _button(said, "share", size="sm", scale=0, elem_id="share")
        anew = _button(said, "new_chat", size="sm", scale=0, elem_id="anew")
    link = _in_english(
        said,
        gr.Textbox,
        {"label": "link", "info": "link_info"},
        visible=False,
        interactive=False,
        buttons=["copy"],
        max_lines=2,
        elem_id="link",
    )
    mood = _html("", js_on_load=javascript.MOOD, elem_id="mood")
    return Chat(
        language, model, compare, found, about, left, right, chips, text, send, stop, status,
        share, anew, link, mood,
    )  # fmt: skip


def _button(said: Said, key: str, **options: Any) -> Any:
    return _in_english(said, gr.Button, {"value": key}, **options)


def _form(said: Said) -> Form:
    english = choices(ENGLISH_WORDS)
    with gr.Column(visible=False, elem_id="opinion") as panel:
        about = _html("")
        with gr.Column(elem_classes="k-fields") as fields:
            rating = _in_english(said, gr.Radio, {"label": "rating"}, choices=english["rating"])
            categories = _in_english(
                said, gr.CheckboxGroup, {"label": "categories"}, choices=english["categories"]
            )
            correction = _in_english(
                said,
                gr.Textbox,
                {"label": "correction", "info": "correction_info"},
                lines=3,
                max_lines=10,
                max_length=LONGEST_CORRECTION,
                elem_id="better",
            )
            credit = _in_english(
                said,
                gr.Textbox,
                {"label": "credit", "info": "credit_info"},
                max_length=LONGEST_CREDIT,
                max_lines=1,
                elem_id="credit",
            )
            consent = _in_english(said, gr.Checkbox, {"label": "consent"}, elem_id="consent")
            status = _html(fragments.status(""))
            with gr.Row(elem_classes="k-send-opinion"):
                send = _button(said, "send_opinion", variant="primary", scale=0, elem_id="tell")
                cancel = _button(said, "cancel", scale=0, elem_id="cancel")
    thanks = _html("", elem_id="thanks")
    with _in_english(said, gr.Accordion, {"label": "sent_title"}, open=False, elem_id="sent"):
        sent = _html("", js_on_load=javascript.PICK, elem_id="mine")
        with gr.Row(elem_classes="k-key"):
            key = _in_english(
                said,
                gr.Textbox,
                {"label": "key", "info": "key_info"},
                max_lines=1,
                max_length=200,
                scale=1,
                elem_id="key",
            )
            delete = _button(said, "delete", scale=0, elem_id="delete")
        deleted = _html(fragments.status(""), elem_id="deleted")
    return Form(
        panel, fields, about, rating, categories, correction, credit, consent, send, cancel,
        status, thanks, sent, key, delete, deleted,
    )  # fmt: skip


def _connect_choice(
    demo: Any, front: Front, chat: Chat, interface: Any, talk: Any, chosen: Any, known: Any
) -> None:
    offered = [
        chat.language, chosen, known, chat.found, chat.text, chat.compare, interface,
    ]  # fmt: skip
    named = [chat.language, chosen, chat.found]
    here = [chosen, known]
    choices_made = (
        demo.load(front.offer, here, offered, **QUIET),
        gr.Timer(LOOK_SECONDS).tick(front.offer, here, offered, **QUIET),
        chat.language.change(front.choose, [chat.language, chosen, interface], named, **QUIET),
        chat.found.pick(front.guess, [chosen, interface], named, **QUIET),
        chat.model.input(lambda repo: repo, [chat.model], [chosen], **QUIET),
    )
    settled = gr.State("")
    views = [
        chat.model, interface, chat.about, chat.chips, talk, chat.left, chat.right,
        chat.status, chat.mood,
    ]  # fmt: skip
    for made in choices_made:
        made.then(front.follow, [chosen, settled, interface], [settled, *views], **QUIET)
    chat.anew.click(front.settle, [chosen, interface], views, **QUIET)
    chat.compare.change(
        lambda on: [gr.update(show_label=on), gr.update(visible=on)],
        [chat.compare],
        [chat.left, chat.right],
        **QUIET,
    )


def _connect_talk(room: Room, front: Front, chat: Chat, state: list[Any]) -> None:
    views = [
        chat.text, state[0], chat.left, chat.right, chat.status, chat.send, chat.stop, chat.chips,
    ]  # fmt: skip
    gr.on([chat.send.click, chat.text.submit], room.say, [chat.text, *state], views, **ASKED)
    chat.chips.pick(room.pick, state, views, **ASKED)
    chat.left.retry(room.again, state, views, **ASKED)
    chat.left.edit(room.change, state, views, **ASKED)
    chat.stop.click(room.stop, None, None, **QUIET)
    given = [chat.text, *state, chat.link]
    shared = chat.share.click(front.link, given, [chat.link], js=javascript.HERE, **QUIET)
    shared.then(None, [chat.link], None, js=javascript.COPY)


def _connect_form(
    demo: Any, desk: Desk, form: Form, chat: Chat, state: list[Any], draft: Any, remembered: Any
) -> None:
    opened = [
        form.panel, draft, form.fields, form.about, form.rating, form.categories, form.correction,
        form.consent, form.status,
    ]  # fmt: skip
    shown = chat.left.like(desk.open, state, opened, **QUIET)
    shown.then(None, None, None, js=javascript.FOCUS)
    filled = [
        draft, form.rating, form.categories, form.correction, form.credit, form.consent,
        remembered, state[-1],
    ]  # fmt: skip
    kept = [form.panel, draft, form.status, form.thanks, remembered, form.sent]
    form.send.click(desk.send, filled, kept, **QUIET)
    form.cancel.click(lambda: [gr.update(visible=False), None], None, [form.panel, draft], **QUIET)
    left = [form.deleted, remembered, form.sent, form.thanks]
    form.sent.pick(desk.take_back, [remembered, state[-1]], left, **QUIET)
    form.delete.click(desk.delete, [form.key, remembered, state[-1]], left, **QUIET)
    demo.load(desk.remembered, [remembered, state[-1]], [form.sent], **QUIET)
