"""Gradio handlers of the feedback form and of the list of what was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import fragments
import gradio as gr
from common.gradio_components import NOTHING, Updates
from components import FeedbackComponents, PageState
from conversation import Conversation, model_messages, split_reasoning, turn_of_message
from feedback import (
    CATEGORIES,
    RATINGS,
    RatedAnswer,
    Receipt,
    check_form,
    feedback_row,
    parse_form,
)
from i18n import Translations, translations
from model_registry import ModelRegistry
from outbox import Outbox
from rate_limits import VisitorLimits
from sign_in import Profile, account_of
from submissions import Submissions, remember
from uploader import Uploader

MAX_FORMS_PER_VISITOR = 10  # a minute
MAX_FORMS_PER_ADDRESS = 60


class FeedbackHandlers:
    """Shows the form and takes it; without an uploader the form says that it is closed."""

    def __init__(
        self,
        registry: ModelRegistry,
        outbox: Outbox,
        uploader: Uploader | None,
        form: FeedbackComponents,
        state: PageState,
    ) -> None:
        self._registry = registry
        self._form, self._state = form, state
        limits = VisitorLimits(MAX_FORMS_PER_VISITOR, MAX_FORMS_PER_ADDRESS)
        self._submissions = Submissions(outbox, uploader, limits)

    def open(
        self, conversation: Conversation, repo: str, ui_language: str, event: gr.LikeData
    ) -> Updates:
        """Show the form for the answer whose thumb was clicked."""
        form, rated_answer = self._form, self._state.rated_answer
        t, adapter = translations(ui_language), self._registry.get(repo)
        turn = turn_of_message(conversation, event.index)
        answer = conversation.turns[turn].adapter if turn is not None else None
        if not adapter or turn is None or not answer:
            return NOTHING
        if closed := self._submissions.closed_text(t):
            return {
                form.panel: gr.update(visible=True),
                rated_answer: None,
                form.fields: gr.update(visible=False),
                form.about: fragments.status(closed, is_error=True),
            }
        messages = tuple(model_messages(conversation.before(turn + 1), "adapter"))
        rated = RatedAnswer(adapter, messages, split_reasoning(answer)[1])
        return {
            form.panel: gr.update(visible=True),
            rated_answer: rated,
            form.fields: gr.update(visible=True),
            form.about: fragments.rated_answer(rated, t),
            form.rating: RATINGS[0] if event.liked else RATINGS[1],
            form.categories: [],
            form.correction: rated.response,
            form.consent: False,
            form.status: fragments.status(""),
        }

    def send(
        self,
        answer: RatedAnswer | None,
        rating: object,
        categories: object,
        correction: str | None,
        credit: str | None,
        consent: object,
        sent: object,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Store the form, and give its receipt to the browser."""
        form, t = self._form, translations(ui_language)
        closed: Updates = {form.panel: gr.update(visible=False), self._state.rated_answer: None}
        if not answer or self._submissions.closed_text(t):
            return closed
        filled = parse_form(answer, rating, correction, categories, credit, consent)
        problem = self._submissions.refusal(check_form(filled), t, request, account_of(profile))
        now = datetime.now(UTC)
        receipt = Receipt.new(answer.adapter.code, now)
        if not problem:
            line = feedback_row(receipt, now, answer, filled, account_of(profile))
            problem = self._submissions.store(receipt.path, line, t)
        if problem:
            return {form.status: fragments.status(problem, is_error=True)}
        remembered = remember(sent, receipt)
        return closed | {
            form.status: fragments.status(""),
            form.thanks: fragments.thanks(receipt, t),
            self._state.sent: remembered,
            form.sent_list: fragments.sent_list(Receipt.parse_all(remembered), t),
        }

    def cancel(self) -> Updates:
        """Close the form."""
        return {self._form.panel: gr.update(visible=False), self._state.rated_answer: None}

    def sent_list(self, sent: object, ui_language: str) -> Updates:
        """Show the list of what was sent from this browser."""
        receipts, t = Receipt.parse_all(sent), translations(ui_language)
        return {self._form.sent_list: fragments.sent_list(receipts, t)}

    def delete_from_list(
        self,
        event: gr.EventData,
        sent: object,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Delete the row whose button in the list was clicked."""
        return self.delete(str(event.text), sent, ui_language, request, profile)

    def delete(
        self,
        key: str | None,
        sent: object,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Delete the row of a key."""
        form, t, receipt = self._form, translations(ui_language), Receipt.parse(key or "")
        problem = self._submissions.closed_text(t)
        if not problem:
            invalid = "" if receipt else "key_invalid"
            problem = self._submissions.refusal(invalid, t, request, account_of(profile))
        result = None if problem or not receipt else self._submissions.delete(receipt)
        if result is None:
            status = fragments.status(problem or t("not_saved"), is_error=True)
            return {form.delete_status: status}
        text = {"deleted": "deleted", "not_found": "delete_not_found", "pending": "delete_pending"}
        receipts = [known for known in Receipt.parse_all(sent) if known != receipt]
        return {
            form.delete_status: fragments.status(t(text[result])),
            self._state.sent: [str(known) for known in receipts],
            form.sent_list: fragments.sent_list(receipts, t),
            form.thanks: "",
        }

    def translate(self, ui_language: str) -> Updates:
        """Show the choices of the form in another language."""
        texts = choices(translations(ui_language))
        return {
            self._form.rating: gr.update(choices=texts["rating"]),
            self._form.categories: gr.update(choices=texts["categories"]),
        }


def choices(t: Translations) -> dict[str, Any]:
    """Return the choices of the form as (text, value) pairs."""
    return {
        "rating": [(t(f"rating_{rating}"), rating) for rating in RATINGS],
        "categories": [(t(category), category) for category in CATEGORIES],
    }
