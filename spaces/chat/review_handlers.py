"""Gradio handlers of the review page: show a row, then keep, fix, drop or skip it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import fragments
import gradio as gr
from chat_settings import ChatSettings
from common.languages import by_code, named
from feedback import Receipt
from i18n import Translations, translations
from model_registry import ModelRegistry
from outbox import Outbox
from rate_limits import VisitorLimits
from review_samples import ReviewSamples
from reviews import Reviewer, Row, Sample, check_review, review_line
from selection_handlers import FIRST_POLL_SECONDS, PageQuery
from submissions import MAX_REMEMBERED, Submissions
from uploader import Uploader

MAX_REVIEWS_PER_VISITOR = 40  # a minute
MAX_REVIEWS_PER_ADDRESS = 300


class ReviewHandlers:
    """Shows rows one after the other and stores the verdicts on them."""

    def __init__(
        self,
        settings: ChatSettings,
        registry: ModelRegistry,
        outbox: Outbox,
        uploader: Uploader | None,
    ) -> None:
        self._registry = registry
        self._samples = ReviewSamples(registry.api, settings.org)
        limits = VisitorLimits(MAX_REVIEWS_PER_VISITOR, MAX_REVIEWS_PER_ADDRESS)
        self._submissions = Submissions(outbox, uploader, limits)

    def load(self, request: gr.Request) -> list[Any]:
        """Return the languages, with the one that the address asks for, and the ui language."""
        self._registry.first_poll.wait(FIRST_POLL_SECONDS)
        query, languages = PageQuery.parse(request), self._registry.languages()
        codes = [language.code for language in languages]
        meant = (query.language, *(language.code for language in named(query.language)))
        requested = [code for code in meant if code in codes]
        choices = [(language.label, language.code) for language in languages]
        value = next(iter([*requested, *codes]), None)
        return [gr.update(choices=choices, value=value), query.ui_language]

    def show(self, code: str | None, reviewer_state: object, ui_language: str) -> list[Any]:
        """Show the next row of a language.

        Returns sample, row, row HTML, answer box, buttons, reviewer and status.
        """
        reviewer, t = Reviewer.parse(reviewer_state), translations(ui_language)
        codes = {language.code for language in self._registry.languages()}
        sample = self._samples.get(code) if code in codes else None
        status = fragments.status(self._submissions.closed_text(t))
        return [*self._next_row(sample, reviewer, t), status]

    def submit(
        self,
        verdict: str,
        sample: Sample | None,
        row: Row | None,
        fixed: str | None,
        credit: str | None,
        consent: object,
        reviewer_state: object,
        sent: object,
        ui_language: str,
        request: gr.Request,
    ) -> list[Any]:
        """Store a verdict and show the next row; returns the same as `show` and the receipts."""
        t, reviewer = translations(ui_language), Reviewer.parse(reviewer_state)
        closed = self._submissions.closed_text(t)
        if not sample or not row or closed:
            return _refused(closed or t("review_none"))
        fixed, credit = fixed or "", credit or ""
        key = check_review(verdict, row, fixed, credit, consent)
        problem = self._submissions.refusal(key, t, request)
        now = datetime.now(UTC)
        receipt = Receipt.new(sample.code, now)
        if not problem:
            line = review_line(receipt, now, sample, row, verdict, fixed, reviewer, credit)
            problem = self._submissions.store(receipt, line, t)
        if problem:
            return _refused(problem)
        known = [text for text in sent if isinstance(text, str)] if isinstance(sent, list) else []
        receipts = [*known, str(receipt)][-MAX_REMEMBERED:]
        status = fragments.status(t("review_stored"))
        return [*self._next_row(sample, reviewer.with_reviewed(row), t), status, receipts]

    def skip(
        self, sample: Sample | None, row: Row | None, reviewer_state: object, ui_language: str
    ) -> list[Any]:
        """Show the next row without storing anything; returns the same as `show`."""
        reviewer, t = Reviewer.parse(reviewer_state), translations(ui_language)
        if row:
            reviewer = reviewer.with_reviewed(row)
        return [*self._next_row(sample, reviewer, t), fragments.status("")]

    def _next_row(self, sample: Sample | None, reviewer: Reviewer, t: Translations) -> list[Any]:
        """Return sample, row, row HTML, answer box, buttons and reviewer."""
        row = sample.next_row(reviewer.reviewed) if sample else None
        language = by_code(sample.code if sample else "")
        is_done = sample is not None and bool(sample.rows)
        return [
            sample,
            row,
            fragments.review_row(row, language, t)
            if row
            else fragments.nothing_to_review(is_done, t),
            gr.update(
                value=row.answer if row else "",
                visible=row is not None,
                rtl=language.direction == "rtl",
            ),
            gr.update(visible=row is not None),
            reviewer.to_json(),
        ]


def _refused(problem: str) -> list[Any]:
    """Change nothing but the status."""
    return [*[gr.skip()] * 6, fragments.status(problem, is_error=True), gr.skip()]
