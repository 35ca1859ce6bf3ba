"""Gradio handlers of the review page: show a row, then keep, fix, drop or skip it, or undo that."""

from __future__ import annotations

from datetime import UTC, datetime

import fragments
import gradio as gr
from common.gradio_components import NOTHING, Updates
from common.languages import by_code
from components import ReviewComponents
from feedback import Receipt
from i18n import Translations, translations
from model_registry import ModelRegistry
from outbox import Outbox
from rate_limits import VisitorLimits
from review_samples import ReviewSamples
from reviews import (
    History,
    Reviewer,
    ReviewState,
    ReviewStep,
    Row,
    Sample,
    check_review,
    review_line,
)
from selection_handlers import FIRST_POLL_SECONDS, PageQuery
from sign_in import Profile, account_of
from submissions import Submissions, remember
from uploader import Uploader

MAX_REVIEWS_PER_VISITOR = 40  # a minute
MAX_REVIEWS_PER_ADDRESS = 300


class ReviewHandlers:
    """Shows rows one after the other and stores the verdicts on them."""

    def __init__(
        self,
        registry: ModelRegistry,
        samples: ReviewSamples,
        outbox: Outbox,
        uploader: Uploader | None,
        page: ReviewComponents,
    ) -> None:
        self._registry = registry
        self._page = page
        self._samples = samples
        limits = VisitorLimits(MAX_REVIEWS_PER_VISITOR, MAX_REVIEWS_PER_ADDRESS)
        self._submissions = Submissions(outbox, uploader, limits)

    def load(self, request: gr.Request) -> Updates:
        """Offer the languages, and choose what the address asks for."""
        self._registry.first_poll.wait(FIRST_POLL_SECONDS)
        query, languages = PageQuery.parse(request), self._registry.languages()
        return {
            self._page.heading: fragments.review_heading(translations(query.ui_language)),
            self._page.language: gr.update(**query.language_choices(languages)),
            self._page.ui_language: query.ui_language,
        }

    def show(self, code: str | None, reviewer_state: object, ui_language: str) -> Updates:
        """Show the next row of a language."""
        t = translations(ui_language)
        codes = {language.code for language in self._registry.languages()}
        sample = self._samples.get(code) if code in codes else None
        state = ReviewState(sample, Reviewer.parse(reviewer_state))
        return self._next_row(state, t, self._submissions.closed_text(t))

    def submit(
        self,
        verdict: str,
        sample: Sample | None,
        row: Row | None,
        fixed: str | None,
        credit: str | None,
        consent: object,
        reviewer_state: object,
        history: History,
        sent: object,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Store a verdict and show the next row."""
        t, reviewer = translations(ui_language), Reviewer.parse(reviewer_state)
        closed = self._submissions.closed_text(t)
        if not sample or not row or closed:
            return self._refused(closed or t("review_none"))
        fixed, credit, account = fixed or "", credit or "", account_of(profile)
        key = check_review(verdict, row, fixed, credit, consent)
        problem = self._submissions.refusal(key, t, request, account)
        now = datetime.now(UTC)
        receipt = Receipt.new(sample.code, now)
        if not problem:
            line = review_line(receipt, now, sample, row, verdict, fixed, reviewer, account, credit)
            problem = self._submissions.store(receipt.path, line, t)
        if problem:
            return self._refused(problem)
        state = ReviewState(sample, reviewer, history).with_step(ReviewStep(row, fixed, receipt))
        shown = self._next_row(state, t, t("review_stored"))
        return {**shown, self._page.sent: remember(sent, receipt)}

    def skip(
        self,
        sample: Sample | None,
        row: Row | None,
        reviewer_state: object,
        history: History,
        ui_language: str,
    ) -> Updates:
        """Show the next row without storing anything."""
        state = ReviewState(sample, Reviewer.parse(reviewer_state), history)
        if row:
            state = state.with_step(ReviewStep(row, row.answer))
        return self._next_row(state, translations(ui_language), "")

    def undo(
        self,
        sample: Sample | None,
        reviewer_state: object,
        history: History,
        sent: object,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Delete the last verdict of this page and show its row again."""
        t = translations(ui_language)
        if not history:
            return NOTHING
        last = history[-1]
        if last.receipt:
            problem = self._submissions.refusal("", t, request, account_of(profile))
            if problem or self._submissions.delete(last.receipt) is None:
                return self._refused(problem or t("not_saved"))
        receipts = [text for text in remember(sent) if text != str(last.receipt)]
        state = ReviewState(sample, Reviewer.parse(reviewer_state), history).without_last()
        shown = self._row(state, last.row, last.answer, t, t("review_undone"))
        return {**shown, self._page.sent: receipts}

    def _next_row(self, state: ReviewState, t: Translations, status: str) -> Updates:
        row = state.sample.next_row(state.reviewer.reviewed) if state.sample else None
        return self._row(state, row, row.answer if row else "", t, status)

    def _row(
        self, state: ReviewState, row: Row | None, answer: str, t: Translations, status: str
    ) -> Updates:
        page, sample = self._page, state.sample
        language = by_code(sample.code if sample else "")
        done = sample.count_reviewed(state.reviewer.reviewed) if sample else 0
        total = len(sample.rows) if sample else 0
        return {
            page.sample: sample,
            page.row: row,
            page.history: state.history,
            page.row_html: fragments.review_row(row, done, total, language, t),
            page.answer: gr.update(
                value=answer, visible=row is not None, rtl=language.direction == "rtl"
            ),
            page.buttons: gr.update(visible=row is not None),
            page.undo: gr.update(visible=bool(state.history)),
            page.reviewer: state.reviewer.to_json(),
            page.status: fragments.status(status),
        }

    def _refused(self, problem: str) -> Updates:
        return {self._page.status: fragments.status(problem, is_error=True)}
