"""Gradio handlers of the blind test of two versions: ask both, then store which is better."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import fragments
import gradio as gr
from adapters import Version
from answer_settings import AnswerSettings
from blind_test import BlindTest, Vote
from chat_handlers import ANSWER_ERRORS, ChatHandlers, answer_problem, message_problem
from common.gradio_components import Updates
from components import BlindTestComponents
from conversation import split_reasoning
from engine import Engine
from feedback import FeedbackForm, Receipt, feedback_row
from i18n import Translations, translations
from model_registry import ModelRegistry
from outbox import Outbox
from rate_limits import VisitorLimits, address
from selection_handlers import FIRST_POLL_SECONDS, PageQuery
from sign_in import Profile, account_of
from submissions import Submissions, remember
from uploader import Uploader

MAX_VOTES_PER_VISITOR = 20  # a minute
MAX_VOTES_PER_ADDRESS = 150


class BlindTestHandlers:
    """Asks two versions in the chat's queue and within its limits, and stores votes."""

    def __init__(
        self,
        registry: ModelRegistry,
        engine: Engine,
        chat: ChatHandlers,
        outbox: Outbox,
        uploader: Uploader | None,
        page: BlindTestComponents,
    ) -> None:
        self._registry, self._engine, self._chat, self._page = registry, engine, chat, page
        limits = VisitorLimits(MAX_VOTES_PER_VISITOR, MAX_VOTES_PER_ADDRESS)
        self._submissions = Submissions(outbox, uploader, limits)

    def load(self, request: gr.Request) -> Updates:
        """Offer the languages, and choose what the address asks for."""
        self._registry.first_poll.wait(FIRST_POLL_SECONDS)
        query, languages = PageQuery.parse(request), self._registry.languages()
        return {
            self._page.heading: fragments.blind_test_heading(translations(query.ui_language)),
            self._page.language: gr.update(**query.language_choices(languages)),
            self._page.ui_language: query.ui_language,
        }

    def choose(self, code: str | None, ui_language: str) -> Updates:
        """Offer example messages in a language, or say that there are no two versions."""
        t, page, versions = translations(ui_language), self._page, self._versions(code)
        notice = self._submissions.closed_text(t) if versions else t("blind_none")
        language = versions[0].adapter.language if versions else None
        examples = self._registry.examples(versions[0].adapter) if versions else []
        return {
            **self._shown(None, t, notice),
            page.message: gr.update(interactive=bool(versions)),
            page.examples: fragments.example_buttons(examples, language) if language else "",
        }

    def ask(
        self, message: str, code: str | None, ui_language: str, request: gr.Request
    ) -> Iterator[Updates]:
        """Wait in the queue, have both versions answer, and show the answers in random order."""
        t, versions = translations(ui_language), self._versions(code)
        problem = message_problem(message, t) or ("" if versions else t("blind_none"))
        problem = problem or self._chat.limit_problem(request, t)
        ticket = None if problem else self._chat.queue.enter(address(request))
        if ticket is None:
            yield self._shown(None, t, problem or t("queue_full"), is_error=True)
            return
        try:
            for position in self._chat.queue.wait(ticket):
                yield self._shown(None, t, t("queued", place=position))
            yield self._shown(None, t, t("answering"))
            test = self._answers(message.strip(), random.sample(versions, 2))
        except ANSWER_ERRORS as error:
            problem = answer_problem(error, versions[0].adapter, t)
            yield self._shown(None, t, problem, is_error=True)
        else:
            yield self._shown(test, t, t("blind_same") if test.is_undecidable else "")
        finally:
            self._chat.queue.leave(ticket)

    def ask_example(
        self, code: str | None, ui_language: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Updates]:
        """Ask the example whose button was clicked."""
        for updates in self.ask(str(event.text), code, ui_language, request):
            yield {self._page.message: str(event.text), **updates}

    def vote(
        self,
        vote: Vote,
        test: BlindTest | None,
        consent: object,
        sent: object,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Store which answer is better, if any, and say which version gave which."""
        t, account = translations(ui_language), account_of(profile)
        if not test or test.is_undecidable:
            return self._refused(t("blind_ask_first"))
        key = "" if consent is True else "consent_missing"
        closed = self._submissions.closed_text(t)
        problem = closed or self._submissions.refusal(key, t, request, account)
        answer, now = test.rated(vote), datetime.now(UTC)
        receipt = Receipt.new(answer.adapter.code, now)
        if not problem:
            line = feedback_row(receipt, now, answer, FeedbackForm(consent=True), account)
            problem = self._submissions.store(receipt.path, line, t)
        if problem:
            return self._refused(problem)
        first, second = (version.tag for version in test.versions)
        shown = self._shown(None, t, t("blind_stored", a=first, b=second))
        return {**shown, self._page.message: "", self._page.sent: remember(sent, receipt)}

    def _versions(self, code: str | None) -> Sequence[Version]:
        """Return the two newest versions of the first adapter of a language that has two."""
        adapters = self._registry.for_language(code or "")
        return next((found for each in adapters if (found := self._registry.versions(each))), ())

    def _answers(self, message: str, versions: Sequence[Version]) -> BlindTest:
        first, second = versions
        asked = [{"role": "user", "content": message}]
        answers = []
        for version in versions:
            growing = self._engine.answer(
                version.adapter, asked, "adapter", AnswerSettings(), threading.Event()
            )
            answers.append(split_reasoning("".join(deque(growing, maxlen=1)))[1])
        return BlindTest(message, (first, second), (answers[0], answers[1]))

    def _shown(
        self, test: BlindTest | None, t: Translations, status: str, is_error: bool = False
    ) -> Updates:
        page = self._page
        return {
            page.test: test,
            page.answers: fragments.blind_answers(test, t) if test else "",
            page.votes: gr.update(visible=test is not None and not test.is_undecidable),
            page.status: fragments.status(status, is_error),
        }

    def _refused(self, problem: str) -> Updates:
        return {self._page.status: fragments.status(problem, is_error=True)}
