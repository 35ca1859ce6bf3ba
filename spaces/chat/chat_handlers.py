"""What happens when somebody asks, stops, asks again or changes a question.

Between the page and the rest: it minds the limits and the line, and turns the engine's answer into
what the page shows. No layout here, no model and no reading of the Hub.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import fragments
import gradio as gr
from adapters import Adapter
from conversation import LONGEST_MESSAGE, Rate, Talk, heard, plain, refuse, shown, turn_at
from engine import Engine, Unanswerable
from i18n import Words, words
from model_registry import TROUBLE, Settings, Shelf
from waiting_queue import Line

REDRAW_SECONDS = 0.08
MOST_MESSAGES = 12  # a minute and visitor
MOST_FROM_ONE_ADDRESS = 90  # a minute: a school behind one address may talk, a script may not


class Limits:
    """How much one visitor and one address may do in a minute; in memory only, stored nowhere."""

    def __init__(self, visitor: int, address: int) -> None:
        self._visitors, self._addresses = Rate(visitor), Rate(address)

    def wait(self, request: gr.Request) -> float:
        """Count one more; the seconds until the next one is taken, 0 for now."""
        now = time.monotonic()
        wait = self._visitors.wait(request.session_hash or "", now)
        return max(wait, self._addresses.wait(_address(request), now))


class Room:
    """What all visitors share: the shelf, the engine, the line before it and the limits."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings)
        self.engine = Engine(settings.token)
        self.line = Line()
        self._limits = Limits(MOST_MESSAGES, MOST_FROM_ONE_ADDRESS)
        self._stops: dict[str, threading.Event] = {}

    def warm(self, chosen: Adapter) -> None:
        """Load a model while the person thinks, unless somebody is being answered."""
        if not self.line.busy():
            threading.Thread(target=self._warm, args=(chosen,), daemon=True).start()

    def _warm(self, chosen: Adapter) -> None:
        try:
            self.engine.warm(chosen)
        except TROUBLE as error:
            logging.warning("cannot load %s: %s", chosen.repo, error)

    def stop(self, request: gr.Request) -> None:
        """End the answer this visitor is waiting for."""
        if wish := self._stops.get(request.session_hash or ""):
            wish.set()

    def say(
        self, text: str, talk: Talk, repo: str, compare: bool, tag: str, request: gr.Request
    ) -> Iterator[list[Any]]:
        """Take a question, wait in the line and stream the answer, or say why not."""
        said = words(tag)
        chosen = self.shelf.find(repo)
        refusal = self._refuse(text, chosen, said, request)
        place = None if refusal else self.line.enter()
        if refusal or not chosen or place is None:
            yield _view(talk, said, refusal or said("crowded"), trouble=True)
            return
        visitor, stop = request.session_hash or "", threading.Event()
        self._stops[visitor] = stop
        try:
            asked = talk.ask(text.strip())
            for ahead in self.line.wait(place):
                yield _view(asked, said, said("waiting", place=ahead), busy=True, text="")
                if stop.is_set():
                    yield _view(talk, said, said("stopped"), text=text)
                    return
            yield from self._answers(asked, chosen, compare, stop, said)
        finally:
            self.line.leave(place)
            if self._stops.get(visitor) is stop:
                del self._stops[visitor]

    def again(
        self, talk: Talk, repo: str, compare: bool, tag: str, request: gr.Request
    ) -> Iterator[list[Any]]:
        """Ask the last question once more."""
        if talk.turns:
            yield from self.say(talk.turns[-1].question, talk.back(), repo, compare, tag, request)

    def change(
        self,
        talk: Talk,
        repo: str,
        compare: bool,
        tag: str,
        event: gr.EditData,
        request: gr.Request,
    ) -> Iterator[list[Any]]:
        """Ask a question anew with other words; what came after it is gone."""
        at = turn_at(talk, event.index)
        if at is None:
            yield _view(talk, words(tag), "")
            return
        text = plain(str(event.value))
        if refuse(text):
            yield _view(talk, words(tag), self._limit(text, words(tag)), trouble=True)
            return
        yield from self.say(text, talk.before(at), repo, compare, tag, request)

    def pick(
        self,
        talk: Talk,
        repo: str,
        compare: bool,
        tag: str,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[list[Any]]:
        """Ask one of the examples."""
        yield from self.say(str(event.text), talk, repo, compare, tag, request)

    def _refuse(self, text: str, chosen: Adapter | None, said: Words, request: gr.Request) -> str:
        if refusal := self._limit(text, said):
            return refusal
        if not chosen:
            return said("choose_first")
        wait = self._limits.wait(request)
        return said("too_fast", seconds=f"{wait:.0f}") if wait else ""

    def _limit(self, text: str, said: Words) -> str:
        key = refuse(text)
        return said(key, most=LONGEST_MESSAGE, count=len(text)) if key else ""

    def _answers(
        self, talk: Talk, chosen: Adapter, compare: bool, stop: threading.Event, said: Words
    ) -> Iterator[list[Any]]:
        begin = "thinking" if self.engine.ready(chosen) else "loading"
        yield _view(talk, said, said(begin), busy=True, text="")
        try:
            for who in ("adapter", "base") if compare else ("adapter",):
                for grown in self._answer(talk, chosen, who, stop):
                    talk = grown
                    yield _view(talk, said, said("answering"), busy=True)
        except Unanswerable as error:
            question = talk.turns[-1].question
            yield _view(talk.back(), said, said(str(error)), trouble=True, text=question)
        except (*TROUBLE, RuntimeError, gr.Error) as error:
            logging.exception("cannot answer with %s", chosen.repo)
            told = said("no_answer", why=type(error).__name__)
            question = talk.turns[-1].question
            yield _view(talk.back(), said, told, trouble=True, text=question)
        else:
            yield _view(talk, said, said("stopped") if stop.is_set() else "")

    def _answer(
        self, talk: Talk, chosen: Adapter, who: str, stop: threading.Event
    ) -> Iterator[Talk]:
        if stop.is_set():
            return
        drawn = 0.0
        for text in self.engine.answer(chosen, heard(talk, who), who, stop):
            talk = talk.answer(who, text)
            if time.monotonic() - drawn > REDRAW_SECONDS:
                drawn = time.monotonic()
                yield talk
        yield talk


def _address(request: gr.Request) -> str:
    """Where a visitor comes from: the last hop that the Space's own proxy noted."""
    forwarded = str(request.headers.get("x-forwarded-for", "")).rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "")


def _view(
    talk: Talk,
    said: Words,
    told: str,
    trouble: bool = False,
    busy: bool = False,
    text: str | None = None,
) -> list[Any]:
    """What `say` shows: text, talk, both conversations, status, Send or Stop, chips."""
    typed = gr.skip() if text is None else gr.update(value=text)
    both = [shown(talk, who, said("thinking")) for who in ("adapter", "base")]
    buttons = [gr.update(visible=not busy), gr.update(visible=busy)]
    chips = gr.update(visible=not talk.turns)
    return [typed, talk, *both, fragments.status(told, trouble), *buttons, chips]
