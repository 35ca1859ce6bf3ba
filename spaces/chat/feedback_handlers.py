"""Gradio handlers of the feedback form and of the list of what was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import fragments
import gradio as gr
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
from submissions import MAX_REMEMBERED, Submissions
from uploader import Uploader

MAX_FORMS_PER_VISITOR = 10  # a minute
MAX_FORMS_PER_ADDRESS = 60


class FeedbackHandlers:
    """Shows the form and takes it; without an uploader the form says that it is closed."""

    def __init__(self, registry: ModelRegistry, outbox: Outbox, uploader: Uploader | None) -> None:
        self._registry = registry
        limits = VisitorLimits(MAX_FORMS_PER_VISITOR, MAX_FORMS_PER_ADDRESS)
        self._submissions = Submissions(outbox, uploader, limits)

    def open(
        self, conversation: Conversation, repo: str, ui_language: str, event: gr.LikeData
    ) -> list[Any]:
        """Show the form for the answer whose thumb was clicked.

        Returns panel, rated answer, fields, about, rating, categories, correction, consent, status.
        """
        t, adapter = translations(ui_language), self._registry.get(repo)
        turn = turn_of_message(conversation, event.index)
        answer = conversation.turns[turn].adapter if turn is not None else None
        if not adapter or turn is None or not answer:
            return [gr.skip()] * 9
        if closed := self._submissions.closed_text(t):
            return [
                gr.update(visible=True),
                None,
                gr.update(visible=False),
                fragments.status(closed, is_error=True),
                *[gr.skip()] * 5,
            ]
        messages = tuple(model_messages(conversation.before(turn + 1), "adapter"))
        rated = RatedAnswer(adapter, messages, split_reasoning(answer)[1])
        return [
            gr.update(visible=True),
            rated,
            gr.update(visible=True),
            fragments.rated_answer(rated, t),
            RATINGS[0] if event.liked else RATINGS[1],
            [],
            rated.response,
            False,
            fragments.status(""),
        ]

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
    ) -> list[Any]:
        """Store the form.

        Returns panel, rated answer, status, thanks, the browser's receipts, and their list.
        """
        t = translations(ui_language)
        if not answer or self._submissions.closed_text(t):
            return [gr.update(visible=False), None, *[gr.skip()] * 4]
        form = parse_form(answer, rating, correction, categories, credit, consent)
        problem = self._submissions.refusal(check_form(form), t, request)
        now = datetime.now(UTC)
        receipt = Receipt.new(answer.adapter.code, now)
        if not problem:
            line = feedback_row(receipt, now, answer, form)
            problem = self._submissions.store(receipt, line, t)
        if problem:
            status = fragments.status(problem, is_error=True)
            return [gr.skip(), gr.skip(), status, *[gr.skip()] * 3]
        receipts = [*_parse_receipts(sent), receipt][-MAX_REMEMBERED:]
        return [
            gr.update(visible=False),
            None,
            fragments.status(""),
            fragments.thanks(receipt, t),
            [str(known) for known in receipts],
            fragments.sent_list(receipts, t),
        ]

    def sent_list(self, sent: object, ui_language: str) -> str:
        """Return the list of what was sent from this browser."""
        return fragments.sent_list(_parse_receipts(sent), translations(ui_language))

    def delete_from_list(
        self, event: gr.EventData, sent: object, ui_language: str, request: gr.Request
    ) -> list[Any]:
        """Delete the row whose button in the list was clicked; returns the same as `delete`."""
        return self.delete(str(event.text), sent, ui_language, request)

    def delete(
        self, key: str | None, sent: object, ui_language: str, request: gr.Request
    ) -> list[Any]:
        """Delete the row of a key.

        Returns status, the browser's receipts, their list, and thanks.
        """
        t, receipt = translations(ui_language), Receipt.parse(key or "")
        problem = self._submissions.closed_text(t)
        if not problem:
            problem = self._submissions.refusal("" if receipt else "key_invalid", t, request)
        result = None if problem or not receipt else self._submissions.delete(receipt)
        if result is None:
            status = fragments.status(problem or t("not_saved"), is_error=True)
            return [status, *[gr.skip()] * 3]
        text = {"deleted": "deleted", "not_found": "delete_not_found", "pending": "delete_pending"}
        receipts = [known for known in _parse_receipts(sent) if known != receipt]
        return [
            fragments.status(t(text[result])),
            [str(known) for known in receipts],
            fragments.sent_list(receipts, t),
            "",
        ]


def _parse_receipts(sent: object) -> list[Receipt]:
    """Return the receipts among what a browser has stored."""
    texts = sent if isinstance(sent, list) else []
    parsed = [Receipt.parse(text) for text in texts if isinstance(text, str)]
    return [receipt for receipt in parsed if receipt]


def choices(t: Translations) -> dict[str, Any]:
    """Return the choices of the form as (text, value) pairs."""
    return {
        "rating": [(t(f"rating_{rating}"), rating) for rating in RATINGS],
        "categories": [(t(category), category) for category in CATEGORIES],
    }
