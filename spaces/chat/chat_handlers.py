"""Gradio handlers of the conversation: send, stop, retry, edit, example.

They apply the limits, hold the visitor's place in the queue, and turn the engine's answers into
what the page shows. No layout, no model and no access to the Hub here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import fragments
import gradio as gr
from adapters import Adapter
from answer_settings import AnswerSettings
from common.gradio_components import Updates
from common.hub_errors import HUB_ERRORS
from components import ChatComponents, PageState
from conversation import (
    MAX_MESSAGE_LENGTH,
    Conversation,
    Side,
    chatbot_messages,
    check_message,
    model_messages,
    turn_of_message,
    unescape_markup,
)
from engine import CannotAnswer, Engine
from i18n import Translations, translations
from model_registry import ModelRegistry
from rate_limits import VisitorLimits, address
from waiting_queue import WaitingQueue

REDRAW_SECONDS = 0.08
MAX_END_SECONDS = 10.0  # that a running answer gets to end
MAX_MESSAGES_PER_VISITOR = 12  # a minute
MAX_MESSAGES_PER_ADDRESS = 90  # a school behind one address may chat, a script may not
ANSWER_ERRORS = (CannotAnswer, *HUB_ERRORS, RuntimeError, gr.Error)


@dataclass
class _Run:
    """An answer that a visitor waits for."""

    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    is_forgotten: bool = False

    def end(self) -> None:
        self.stop.set()
        self.ended.wait(MAX_END_SECONDS)


class ChatHandlers:
    """All visitors share one engine, the queue before it, and the limits."""

    def __init__(
        self, registry: ModelRegistry, engine: Engine, page: ChatComponents, state: PageState
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._page, self._state = page, state
        self.queue = WaitingQueue()
        self._limits = VisitorLimits(MAX_MESSAGES_PER_VISITOR, MAX_MESSAGES_PER_ADDRESS)
        self._runs: dict[str, _Run] = {}

    def preload(self, adapter: Adapter) -> None:
        """Load a model before it is asked, unless somebody is being answered."""
        if not self.queue.is_busy():
            threading.Thread(target=self._preload, args=(adapter,), daemon=True).start()

    def _preload(self, adapter: Adapter) -> None:
        try:
            self._engine.preload(adapter)
        except HUB_ERRORS as error:
            logging.warning("cannot load %s: %s", adapter.repo, error)

    def stop(self, request: gr.Request) -> None:
        """End the answer that this visitor waits for."""
        if run := self._runs.get(request.session_hash or ""):
            run.stop.set()

    def end_running(self, request: gr.Request) -> None:
        """End the answer that this visitor waits for, and have it leave an empty conversation.

        What it has sent may arrive after the new conversation, so it must not bring the old one.
        """
        if run := self._runs.get(request.session_hash or ""):
            run.is_forgotten = True
            run.end()

    def send(
        self,
        text: str,
        conversation: Conversation,
        repo: str,
        compare: bool,
        settings: AnswerSettings,
        ui_language: str,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Take a question, wait in the queue and stream the answer, or say why not."""
        t = translations(ui_language)
        adapter = self._registry.get(repo)
        problem = self._problem(text, adapter, t, request)
        ticket = None if problem else self.queue.enter(address(request))
        if problem or not adapter or ticket is None:
            yield self._view(conversation, t, problem or t("queue_full"), is_error=True)
            return
        visitor, run = request.session_hash or "", _Run()
        if former := self._runs.get(visitor):
            former.end()
        self._runs[visitor] = run
        try:
            asked = conversation.ask(text.strip())
            for position in self.queue.wait(ticket):
                yield self._view(asked, t, t("queued", place=position), busy=True, text="")
                if run.stop.is_set():
                    break
            if not run.stop.is_set():
                yield from self._stream(asked, adapter, compare, settings, run.stop, t)
            elif not run.is_forgotten:
                yield self._view(conversation, t, t("stopped"), text=text)
            if run.is_forgotten:
                yield self._view(Conversation(), t, "")
        finally:
            self.queue.leave(ticket)
            if self._runs.get(visitor) is run:
                del self._runs[visitor]
            run.ended.set()

    def retry(
        self,
        conversation: Conversation,
        repo: str,
        compare: bool,
        settings: AnswerSettings,
        ui_language: str,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Ask the last question again, for another answer."""
        if conversation.turns:
            question, before = conversation.turns[-1].question, conversation.without_last()
            again = settings.for_retry()
            yield from self.send(question, before, repo, compare, again, ui_language, request)

    def edit(
        self,
        conversation: Conversation,
        repo: str,
        compare: bool,
        settings: AnswerSettings,
        ui_language: str,
        event: gr.EditData,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Ask an edited question; the turns after it are dropped."""
        t = translations(ui_language)
        turn = turn_of_message(conversation, event.index)
        if turn is None:
            yield self._view(conversation, t, "")
            return
        text = unescape_markup(str(event.value))
        if problem := message_problem(text, t):
            yield self._view(conversation, t, problem, is_error=True)
            return
        before = conversation.before(turn)
        yield from self.send(text, before, repo, compare, settings, ui_language, request)

    def send_example(
        self,
        conversation: Conversation,
        repo: str,
        compare: bool,
        settings: AnswerSettings,
        ui_language: str,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[Updates]:
        """Ask the example whose button was clicked."""
        text = str(event.text)
        yield from self.send(text, conversation, repo, compare, settings, ui_language, request)

    def _problem(
        self, text: str, adapter: Adapter | None, t: Translations, request: gr.Request
    ) -> str:
        if problem := message_problem(text, t):
            return problem
        return self.limit_problem(request, t) if adapter else t("choose_first")

    def limit_problem(self, request: gr.Request, t: Translations) -> str:
        """Count a message; return why it is one too many, or nothing."""
        wait = self._limits.count(request)
        return t("too_fast", seconds=f"{wait:.0f}") if wait else ""

    def _stream(
        self,
        conversation: Conversation,
        adapter: Adapter,
        compare: bool,
        settings: AnswerSettings,
        stop: threading.Event,
        t: Translations,
    ) -> Iterator[Updates]:
        """Stream the answers of the adapter and, for a comparison, of its base model."""
        status = "thinking" if self._engine.is_loaded(adapter) else "loading"
        yield self._view(conversation, t, t(status), busy=True, text="")
        sides: tuple[Side, ...] = ("adapter", "base") if compare else ("adapter",)
        try:
            for side in sides:
                for answered in self._stream_side(conversation, adapter, side, settings, stop):
                    conversation = answered
                    yield self._view(conversation, t, t("answering"), busy=True)
        except ANSWER_ERRORS as error:
            yield self._failed_view(conversation, t, answer_problem(error, adapter, t))
        else:
            yield self._view(conversation, t, t("stopped") if stop.is_set() else "")

    def _stream_side(
        self,
        conversation: Conversation,
        adapter: Adapter,
        side: Side,
        settings: AnswerSettings,
        stop: threading.Event,
    ) -> Iterator[Conversation]:
        if stop.is_set():
            return
        drawn_at = 0.0
        messages = model_messages(conversation, side)
        for text in self._engine.answer(adapter, messages, side, settings, stop):
            conversation = conversation.answer(side, text)
            if time.monotonic() - drawn_at > REDRAW_SECONDS:
                drawn_at = time.monotonic()
                yield conversation
        yield conversation

    def _view(
        self,
        conversation: Conversation,
        t: Translations,
        status: str,
        is_error: bool = False,
        busy: bool = False,
        text: str | None = None,
    ) -> Updates:
        """Show a conversation; `text` goes into the message box."""
        page = self._page
        message_box = {} if text is None else {page.message_box: gr.update(value=text)}
        return message_box | {
            self._state.conversation: conversation,
            page.adapter_chat: chatbot_messages(conversation, "adapter", t("thinking")),
            page.base_chat: chatbot_messages(conversation, "base", t("thinking")),
            page.status: fragments.status(status, is_error),
            page.send: gr.update(visible=not busy),
            page.stop: gr.update(visible=busy),
            page.examples: gr.update(visible=not conversation.turns),
            page.export: gr.update(visible=bool(conversation.turns)),
        }

    def _failed_view(self, conversation: Conversation, t: Translations, status: str) -> Updates:
        """Take the last question back into the message box."""
        question = conversation.turns[-1].question
        return self._view(conversation.without_last(), t, status, is_error=True, text=question)


def answer_problem(error: Exception, adapter: Adapter, t: Translations) -> str:
    """Return why there is no answer; log it unless the person can change it."""
    if isinstance(error, CannotAnswer):
        return t(str(error))
    logging.error("cannot answer with %s", adapter.repo, exc_info=error)
    return t("no_answer", why=type(error).__name__)


def message_problem(text: str, t: Translations) -> str:
    """Return why a message is not accepted, or nothing."""
    key = check_message(text)
    return t(key, limit=MAX_MESSAGE_LENGTH, count=len(text)) if key else ""
