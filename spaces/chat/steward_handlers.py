"""Gradio handlers of the page on which stewards decide what the next version learns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import fragments
import gradio as gr
from chat_settings import ChatSettings
from common.gradio_components import Updates
from common.hub_errors import HUB_ERRORS
from components import StewardComponents
from decisions import (
    Contribution,
    Verdict,
    decision_line,
    decision_path,
    reviewer_line,
    reviewer_path,
)
from feedback import MAX_CORRECTION_LENGTH, RATINGS
from feedback_reader import FeedbackReader, WaitingFeedback
from i18n import Translations, translations
from model_registry import ModelRegistry
from outbox import Outbox
from rate_limits import VisitorLimits
from review_samples import ReviewSamples
from reviews import VERDICTS
from selection_handlers import FIRST_POLL_SECONDS, PageQuery
from sign_in import Profile, account_of
from stewards import Stewards
from submissions import Submissions
from uploader import Uploader

ROWS_PER_PAGE = 20
VERDICT_KEYS = (*RATINGS, *VERDICTS)
MAX_DECISIONS = 60  # a minute; each is about up to a page of rows


class StewardHandlers:
    """Shows what waits, and stores decisions; each call checks again who may decide."""

    def __init__(
        self,
        settings: ChatSettings,
        registry: ModelRegistry,
        samples: ReviewSamples,
        outbox: Outbox,
        uploader: Uploader | None,
        page: StewardComponents,
    ) -> None:
        self._registry, self._samples, self._page = registry, samples, page
        self._stewards = Stewards(registry.api, settings)
        self._reader = FeedbackReader(registry.api, f"{settings.org}/kakugo-feedback", outbox)
        limits = VisitorLimits(MAX_DECISIONS, MAX_DECISIONS)
        self._submissions = Submissions(outbox, uploader, limits)

    def load(self, request: gr.Request, profile: Profile) -> Updates:
        """Offer the languages about which this person may decide."""
        self._registry.first_poll.wait(FIRST_POLL_SECONDS)
        query, account = PageQuery.parse(request), account_of(profile)
        languages = [
            language
            for language in self._registry.languages()
            if self._stewards.may_decide(account, language.code)
        ]
        page, t = self._page, translations(query.ui_language)
        return {
            page.heading: fragments.steward_heading(account, bool(languages), t),
            page.language: gr.update(**query.language_choices(languages), visible=bool(languages)),
            page.ui_language: query.ui_language,
        }

    def show(self, code: str | None, ui_language: str, profile: Profile) -> Updates:
        """Show what waits in a language."""
        t = translations(ui_language)
        if not code or not self._stewards.may_decide(account_of(profile), code):
            return self._hidden("")
        return self._shown(code, "", t)

    def pick(self, selected: list[str], shown: Sequence[Contribution]) -> Updates:
        """Offer the wording and the name of the row for editing if one row is selected."""
        rows = [row for row in shown if row.id in selected]
        page, is_one = self._page, len(rows) == 1
        return {
            page.text: gr.update(value=rows[0].text if is_one else "", visible=is_one),
            page.credit: gr.update(value=rows[0].credit if is_one else "", visible=is_one),
            page.accept_edited: gr.update(visible=is_one),
        }

    def select_all(self, shown: Sequence[Contribution]) -> Updates:
        """Select the rows that the page shows, and none that have come since."""
        return {self._page.rows: [row.id for row in shown]}

    def decide(
        self,
        verdict: Verdict,
        code: str,
        selected: list[str],
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Accept or refuse the selected rows as they are."""
        rows = self._selected(code, selected, profile)
        return self._store(verdict, code, rows, "", ui_language, request, profile)

    def accept_edited(
        self,
        code: str,
        selected: list[str],
        text: str,
        credit: str,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Accept the selected row with another wording and another name, or without a name."""
        t, rows = translations(ui_language), self._selected(code, selected, profile)
        if len(rows) != 1:
            return self._refused(t("select_one"))
        if len(text) > MAX_CORRECTION_LENGTH:
            return self._refused(t("correction_too_long", limit=MAX_CORRECTION_LENGTH))
        is_changed = text.strip() != rows[0].text.strip()
        named_rows = [replace(rows[0], credit=credit)]
        edited = text if is_changed else ""
        return self._store("accept", code, named_rows, edited, ui_language, request, profile)

    def _store(
        self,
        verdict: Verdict,
        code: str,
        rows: list[Contribution],
        text: str,
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        t, account, now = translations(ui_language), account_of(profile), datetime.now(UTC)
        key = "" if rows else "select_some"
        if refused := self._check(code, key, account, t, request):
            return refused
        for row in rows:
            line = decision_line(row.id, verdict, account, now, row.credit, text)
            if problem := self._submissions.store(decision_path(code, row.id), line, t):
                return self._refused(problem)
        key = "accepted" if verdict == "accept" else "refused"
        return self._shown(code, t(key, count=len(rows)), t)

    def save_people(
        self,
        code: str,
        chosen: list[str],
        ui_language: str,
        request: gr.Request,
        profile: Profile,
    ) -> Updates:
        """Store which accounts are known, as far as that has changed."""
        t, account, now = translations(ui_language), account_of(profile), datetime.now(UTC)
        if refused := self._check(code, "", account, t, request):
            return refused
        feedback = self._read(code)
        if feedback is None:
            return self._refused(t("hub_unreachable"))
        offered = {*feedback.accounts, *feedback.known}
        for person in sorted(offered & (set(chosen) ^ feedback.known)):
            line = reviewer_line(person, person in chosen, account, now)
            if problem := self._submissions.store(reviewer_path(code, person), line, t):
                return self._refused(problem)
        return self._shown(code, t("people_saved"), t)

    def _check(
        self, code: str, key: str, account: str, t: Translations, request: gr.Request
    ) -> Updates:
        """Return what is shown if nothing is stored; empty if the account may decide now.

        `key` is that of the text which says what is missing, or empty.
        """
        if not self._stewards.may_decide(account, code):
            return self._hidden(t("steward_not_allowed"))
        problem = self._submissions.refusal(key, t, request, account)
        return self._refused(problem) if problem else {}

    def _selected(self, code: str, selected: list[str], profile: Profile) -> list[Contribution]:
        """Return the selected rows that still wait; none for who may not decide."""
        if not self._stewards.may_decide(account_of(profile), code):
            return []
        feedback = self._read(code)
        return [row for row in feedback.rows if row.id in (selected or ())] if feedback else []

    def _read(self, code: str) -> WaitingFeedback | None:
        try:
            return self._reader.read(code)
        except HUB_ERRORS as error:
            logging.warning("cannot read feedback on %s: %s: %s", code, type(error).__name__, error)
            return None

    def _shown(self, code: str, status: str, t: Translations) -> Updates:
        feedback, page = self._read(code), self._page
        if feedback is None:
            return self._refused(t("hub_unreachable"))
        sample = self._samples.get(code)
        reviewed = {row.id: row for row in sample.rows} if sample else {}
        rows = feedback.rows[:ROWS_PER_PAGE]
        people = sorted({*feedback.accounts, *feedback.known})
        label = t("waiting", count=len(feedback.rows)) if rows else t("waiting_none")
        return {
            page.panel: gr.update(visible=True),
            page.rows: gr.update(
                label=label,
                info=t("waiting_info") if rows else "",
                choices=[(_label(row, *row.about(reviewed), t), row.id) for row in rows],
                value=[],
            ),
            page.shown: rows,
            page.text: gr.update(value="", visible=False),
            page.credit: gr.update(value="", visible=False),
            page.accept_edited: gr.update(visible=False),
            page.people: gr.update(
                choices=[(f"{name} ({feedback.accounts[name]})", name) for name in people],
                value=sorted(feedback.known),
            ),
            page.status: fragments.status(status or self._submissions.closed_text(t)),
        }

    def _hidden(self, problem: str) -> Updates:
        return {
            self._page.panel: gr.update(visible=False),
            self._page.status: fragments.status(problem, is_error=True),
        }

    def _refused(self, problem: str) -> Updates:
        return {self._page.status: fragments.status(problem, is_error=True)}


def _label(row: Contribution, question: str, answer: str, t: Translations) -> str:
    """Return a row as plain text, which the browser shows as it is.

    What strangers wrote comes last, and its further lines are marked, so that none looks like ours.
    """
    verdict = t(f"verdict_{row.verdict}") if row.verdict in VERDICT_KEYS else ""
    parts = [
        (t("waiting_by"), f"{row.account or t('waiting_anonymous')}, {row.day}"),
        (t("waiting_verdict"), verdict),
        (t("waiting_credit"), row.credit),
        (t("waiting_question"), question),
        (t("waiting_answer"), answer),
        (t("waiting_rejected"), row.rejected),
        (t("waiting_tied"), row.tied),
        (t("waiting_text"), row.text),
    ]
    marked = [(name, "\n│ ".join(value.splitlines())) for name, value in parts]
    return "\n".join(f"{name}: {value}" for name, value in marked if value)
