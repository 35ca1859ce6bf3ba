"""Accept what visitors send: within limits, into the outbox, from there to the Hub."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from decisions import decision_path
from feedback import MAX_CORRECTION_LENGTH, MAX_CREDIT_LENGTH, Receipt
from i18n import Translations
from outbox import Outbox, OutboxFull
from rate_limits import VisitorLimits
from uploader import DeleteResult, Uploader

if TYPE_CHECKING:
    import gradio as gr

MAX_REMEMBERED = 200  # receipts in one browser


def remember(sent: object, receipt: Receipt | None = None) -> list[str]:
    """Return what a browser keeps of what was sent from it, with one more receipt."""
    known = [*Receipt.parse_all(sent), *([receipt] if receipt else [])]
    return [str(each) for each in known[-MAX_REMEMBERED:]]


class Submissions:
    """Stores rows and deletes them; closed if there is no uploader."""

    def __init__(self, outbox: Outbox, uploader: Uploader | None, limits: VisitorLimits) -> None:
        self._outbox = outbox
        self._uploader = uploader
        self._limits = limits

    def closed_text(self, t: Translations) -> str:
        """Return the text that says why nothing can be sent; empty if it can."""
        return "" if self._uploader else t("feedback_closed")

    def refusal(self, key: str, t: Translations, request: gr.Request, account: str) -> str:
        """Return the text that says why a row is not accepted; empty if it is.

        `key` is what the check of the row returned. A row that passed it counts for the limits of
        the account, "" for nobody.
        """
        if key:
            is_credit = key == "credit_too_long"
            return t(key, limit=MAX_CREDIT_LENGTH if is_credit else MAX_CORRECTION_LENGTH)
        wait = self._limits.count(request, account)
        return t("too_fast", seconds=f"{wait:.0f}") if wait else ""

    def store(self, path: str, line: str, t: Translations) -> str:
        """Store a file and have it uploaded; return the text of an error, or nothing."""
        try:
            self._outbox.add(path, line)
        except (OutboxFull, OSError) as error:
            logging.error("cannot store feedback: %s: %s", type(error).__name__, error)
            return t("not_saved")
        if self._uploader:
            self._uploader.wake()
        return ""

    def delete(self, receipt: Receipt) -> DeleteResult | None:
        """Delete a row and its decision; return None if that failed or nothing can be sent."""
        if not self._uploader:
            return None
        try:
            decision = decision_path(receipt.code, receipt.id)
            return self._uploader.delete(receipt.path, decision)
        except (OutboxFull, OSError) as error:
            logging.error("cannot delete feedback: %s: %s", type(error).__name__, error)
            return None
