"""What happens when a speaker reviews rows of a dataset: the page, and keep, fix, drop or skip."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import fragments
import gradio as gr
from chat_handlers import Limits, Room
from feedback import LONGEST_CORRECTION, LONGEST_CREDIT, Receipt
from feedback_handlers import MOST_REMEMBERED
from fragments import safe
from i18n import ENGLISH, Words, words
from languages import by_code, meant
from outbox import Full, Outbox
from review_samples import Samples
from reviews import Reviewer, Row, Sample, line, refuse
from selection_handlers import FIRST_LOOK_SECONDS, Wish
from uploader import Pusher

MOST_REVIEWS = 40  # a minute and visitor
MOST_FROM_ONE_ADDRESS = 300


class ReviewDesk:
    """Shows rows one after the other and takes what is said of them into the outbox."""

    def __init__(self, room: Room, outbox: Outbox, pusher: Pusher | None) -> None:
        self._shelf, self._outbox, self._pusher = room.shelf, outbox, pusher
        self._samples = Samples(room.shelf.api, room.settings.org)
        self._limits = Limits(MOST_REVIEWS, MOST_FROM_ONE_ADDRESS)

    def arrive(self, request: gr.Request) -> list[Any]:
        """Language choices with the address's wish, and the interface language."""
        self._shelf.first_look.wait(FIRST_LOOK_SECONDS)
        wish, offered = Wish.read(request), self._shelf.languages()
        codes = [one.code for one in offered]
        wished = [code for code in (wish.language, *meant(wish.language)) if code in codes]
        choices = [(one.label, one.code) for one in offered]
        value = next(iter([*wished, *codes]), None)
        return [gr.update(choices=choices, value=value), wish.words]

    def show(self, code: str | None, mine: object, tag: str) -> list[Any]:
        """The next row: sample, row, HTML, its answer to be changed, buttons, status, browser."""
        reviewer, said = Reviewer.read(mine), words(tag)
        sample = self._samples.of(code) if code in self._codes() else None
        return [*self._next(sample, reviewer, said), fragments.status(self._closed(said))]

    def judge(
        self,
        verdict: str,
        sample: Sample | None,
        row: Row | None,
        fixed: str | None,
        credit: str | None,
        consent: object,
        mine: object,
        sent: object,
        tag: str,
        request: gr.Request,
    ) -> list[Any]:
        """Keep a verdict and show the next row; and this browser's list of what it sent."""
        said, reviewer = words(tag), Reviewer.read(mine)
        if not sample or not row or not self._pusher:
            told = self._closed(said) or said("review_none")
            return [*[gr.skip()] * 6, fragments.status(told, trouble=True), gr.skip()]
        better, name = fixed or "", credit or ""
        told = self._limit(refuse(verdict, row, better, name, consent), said, request)
        now = datetime.now(UTC)
        receipt = Receipt.new(sample.code, now)
        if not told:
            stored = line(receipt, now, sample, row, verdict, better, reviewer, name)
            told = self._keep(receipt, stored, said)
        if told:
            return [*[gr.skip()] * 6, fragments.status(told, trouble=True), gr.skip()]
        self._pusher.nudge()
        known = [str(one) for one in sent if isinstance(one, str)] if isinstance(sent, list) else []
        kept = [*known, str(receipt)][-MOST_REMEMBERED:]
        thanks = fragments.status(said("review_kept"))
        return [*self._next(sample, reviewer.saw(row), said), thanks, kept]

    def skip(self, sample: Sample | None, row: Row | None, mine: object, tag: str) -> list[Any]:
        """Show the next row and keep nothing of this one."""
        reviewer, said = Reviewer.read(mine), words(tag)
        if row:
            reviewer = reviewer.saw(row)
        return [*self._next(sample, reviewer, said), fragments.status("")]

    def _codes(self) -> set[str]:
        return {one.code for one in self._shelf.languages()}

    def _next(self, sample: Sample | None, reviewer: Reviewer, said: Words) -> list[Any]:
        row = sample.next(reviewer.done) if sample else None
        shown = shown_row(sample, row, said) if sample and row else empty(sample, said)
        rtl = sample is not None and by_code(sample.code).direction == "rtl"
        answer = gr.update(value=row.answer if row else "", visible=row is not None, rtl=rtl)
        buttons = gr.update(visible=row is not None)
        return [sample, row, shown, answer, buttons, reviewer.wire()]

    def _closed(self, said: Words) -> str:
        return "" if self._pusher else said("opinion_closed")

    def _limit(self, key: str, said: Words, request: gr.Request) -> str:
        if key:
            return said(key, most=LONGEST_CREDIT if key == "credit_long" else LONGEST_CORRECTION)
        wait = self._limits.wait(request)
        return said("too_fast", seconds=f"{wait:.0f}") if wait else ""

    def _keep(self, receipt: Receipt, stored: str, said: Words) -> str:
        try:
            self._outbox.put(receipt.path, stored)
        except (Full, OSError) as error:
            logging.error("cannot keep a review: %s: %s", type(error).__name__, error)
            return said("not_kept")
        return ""


def shown_row(sample: Sample, row: Row, said: Words) -> str:
    """The turns of a row as plain text, the last one is what is judged."""
    look = f'lang="{safe(by_code(sample.code).bcp47)}" dir="auto"'
    turns = "".join(
        f'<li class="k-turn k-{"mine" if turn["role"] == "user" else "theirs"}" {look}>'
        f"{safe(turn['content'])}</li>"
        for turn in row.messages
    )
    return f'<ol class="k-row" aria-label="{safe(said("review_row"))}">{turns}</ol>'


def empty(sample: Sample | None, said: Words) -> str:
    """What stands there when there is nothing (more) to review."""
    key = "review_done" if sample and sample.rows else "review_none"
    return f'<p class="k-empty" role="status">{safe(said(key))}</p>'


def head(tag: str = ENGLISH) -> str:
    """The head of the page, with the way back to the chat."""
    said = words(tag)
    back = safe(urlencode({"words": said.tag}))
    return (
        f'<header class="k-hero"><p><a href="./?{back}">{safe(said("back"))}</a></p>'
        f"<h1>{safe(said('review_title'))}</h1><p>{safe(said('review_lead'))}</p></header>"
    )
