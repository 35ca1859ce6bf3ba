"""What happens when somebody gives feedback, or takes it back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import fragments
import gradio as gr
from chat_handlers import Limits, Room
from conversation import Talk, heard, split_thought, turn_at
from feedback import (
    CATEGORIES,
    LONGEST_CORRECTION,
    LONGEST_CREDIT,
    RATINGS,
    Draft,
    Receipt,
    opinion,
    refuse,
    row,
)
from i18n import Words, words
from outbox import Full, Outbox
from uploader import Pusher

MOST_OPINIONS = 10  # a minute and visitor
MOST_FROM_ONE_ADDRESS = 60
MOST_REMEMBERED = 200  # receipts in one browser


class Desk:
    """Takes feedback into the outbox; None for a pusher where this Space may write nowhere."""

    def __init__(self, room: Room, outbox: Outbox, pusher: Pusher | None) -> None:
        self._shelf = room.shelf
        self._outbox = outbox
        self._pusher = pusher
        self._limits = Limits(MOST_OPINIONS, MOST_FROM_ONE_ADDRESS)

    def open(self, talk: Talk, repo: str, tag: str, event: gr.LikeData) -> list[Any]:
        """Show the form for an answer: panel, draft, form, about, rating, categories, correction,
        consent and status."""
        said, chosen, at = words(tag), self._shelf.find(repo), turn_at(talk, event.index)
        answer = talk.turns[at].adapter if at is not None else None
        if not chosen or at is None or not answer:
            return [gr.skip()] * 9
        if not self._pusher:
            closed = fragments.status(said("opinion_closed"), trouble=True)
            return [
                gr.update(visible=True),
                None,
                gr.update(visible=False),
                closed,
                *[gr.skip()] * 5,
            ]
        asked = tuple(heard(talk.before(at + 1), "adapter"))
        draft = Draft(chosen, asked, split_thought(answer)[1])
        return [
            gr.update(visible=True),
            draft,
            gr.update(visible=True),
            fragments.draft(draft, said),
            RATINGS[0] if event.liked else RATINGS[1],
            [],
            draft.response,
            False,
            fragments.status(""),
        ]

    def send(
        self,
        draft: Draft | None,
        rating: object,
        categories: object,
        correction: str | None,
        credit: str | None,
        consent: object,
        sent: object,
        tag: str,
        request: gr.Request,
    ) -> list[Any]:
        """Keep what was filled in: panel, draft, status, thanks, this browser's list, its HTML."""
        said = words(tag)
        if not draft or not self._pusher:
            return [gr.update(visible=False), None, *[gr.skip()] * 4]
        view = opinion(draft, rating, correction, categories, credit, consent)
        told = self._limit(refuse(view), said, request)
        if not told:
            now = datetime.now(UTC)
            receipt = Receipt.new(draft.adapter.code, now)
            told = self._keep(receipt, row(receipt, now, draft, view), said)
        if told:
            return [gr.skip(), gr.skip(), fragments.status(told, trouble=True), *[gr.skip()] * 3]
        self._pusher.nudge()
        known = [*_known(sent), receipt][-MOST_REMEMBERED:]
        thanks = fragments.thanks(receipt, said)
        return [
            gr.update(visible=False),
            None,
            fragments.status(""),
            thanks,
            [str(one) for one in known],
            fragments.sent(known, said),
        ]

    def _limit(self, key: str, said: Words, request: gr.Request) -> str:
        if key:
            most = LONGEST_CREDIT if key == "credit_long" else LONGEST_CORRECTION
            return said(key, most=most)
        wait = self._limits.wait(request)
        return said("too_fast", seconds=f"{wait:.0f}") if wait else ""

    def _keep(self, receipt: Receipt, line: str, said: Words) -> str:
        try:
            self._outbox.put(receipt.path, line)
        except (Full, OSError) as error:
            logging.error("cannot keep feedback: %s: %s", type(error).__name__, error)
            return said("not_kept")
        return ""

    def remembered(self, sent: object, tag: str) -> str:
        """What this browser remembers to have sent."""
        return fragments.sent(_known(sent), words(tag))

    def take_back(
        self, event: gr.EventData, sent: object, tag: str, request: gr.Request
    ) -> list[Any]:
        """Delete a row of the list."""
        return self.delete(str(event.text), sent, tag, request)

    def delete(self, text: str | None, sent: object, tag: str, request: gr.Request) -> list[Any]:
        """Delete a row by its key: status, this browser's list, its HTML, thanks."""
        said, receipt = words(tag), Receipt.read(text or "")
        if not receipt or not self._pusher:
            key = "key_wrong" if self._pusher else "opinion_closed"
            return [fragments.status(said(key), trouble=True), *[gr.skip()] * 3]
        if told := self._limit("", said, request):
            return [fragments.status(told, trouble=True), *[gr.skip()] * 3]
        try:
            done = self._pusher.delete(receipt.path)
        except (Full, OSError) as error:
            logging.error("cannot delete feedback: %s: %s", type(error).__name__, error)
            return [fragments.status(said("not_kept"), trouble=True), *[gr.skip()] * 3]
        told = {"deleted": "deleted", "nothing": "deleted_nothing", "later": "deleted_later"}[done]
        known = [one for one in _known(sent) if one != receipt]
        shown = fragments.sent(known, said)
        return [fragments.status(said(told)), [str(one) for one in known], shown, ""]


def _known(sent: object) -> list[Receipt]:
    """The receipts that a browser gave back; anything else in its storage is left out."""
    texts = sent if isinstance(sent, list) else []
    found = [Receipt.read(text) for text in texts if isinstance(text, str)]
    return [one for one in found if one]


def choices(said: Words) -> dict[str, Any]:
    """The choices of the form in one interface language."""
    return {
        "rating": [(said(f"rating_{one}"), one) for one in RATINGS],
        "categories": [(said(one), one) for one in CATEGORIES],
    }
