"""What happens when somebody chooses, asks, stops or asks again.

Between the page and the rest: it looks up the adapter, minds the limits and turns the engine's
answer into what the page shows. No layout here, no model and no reading of the Hub.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pieces
from engine import Engine, Unanswerable
from models import Adapter
from shelf import TROUBLE, Settings, Shelf
from talk import Rate, Talk, heard, refuse, shown

FIRST_LOOK_SECONDS = 5.0
REDRAW_SECONDS = 0.08


class Room:
    """What all visitors share: the shelf, the engine, the rate and who wants to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(settings)
        self.engine = Engine(settings.token)
        self._rate = Rate()
        self._stops: dict[str, threading.Event] = {}

    def offer(self, repo: str | None, known: tuple[str, ...], request: gr.Request) -> list[Any]:
        """Offer the languages; keep the chosen one, else take the address's wish or the first."""
        self.shelf.first_look.wait(FIRST_LOOK_SECONDS)
        shelf, settings = self.shelf, self.settings
        now = tuple(one.repo for one in shelf.adapters)
        if now and now == known:
            return [gr.skip()] * 4
        wanted = repo or request.query_params.get("language", "")
        chosen = shelf.find(wanted) or shelf.find("")
        if not chosen:
            told = pieces.nobody(settings.endpoint, settings.org, shelf.problem)
            return [gr.update(choices=[], value=None), now, told, gr.update(interactive=False)]
        choices = [(one.label, one.repo) for one in shelf.adapters]
        told = pieces.about(chosen, settings.endpoint)
        picked = gr.update(choices=choices, value=chosen.repo)
        return [picked, now, told, gr.update(interactive=True)]

    def choose(self, repo: str | None) -> list[Any]:
        """Begin anew with another language, and load its model while the person thinks."""
        chosen = self.shelf.find(repo or "")
        if not chosen:
            return [gr.skip()] * 6
        threading.Thread(target=self._warm, args=(chosen,), daemon=True).start()
        return [
            pieces.about(chosen, self.settings.endpoint),
            gr.update(value=pieces.chips(self.shelf.examples(chosen), chosen), visible=True),
            Talk(),
            gr.update(value=[], rtl=chosen.rtl, placeholder=pieces.start(chosen)),
            gr.update(value=[], rtl=chosen.rtl),
            pieces.status(""),
        ]

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
        self, text: str, talk: Talk, repo: str | None, compare: bool, request: gr.Request
    ) -> Iterator[list[Any]]:
        """Take a question and stream the answer, or say why not."""
        visitor = request.session_hash or ""
        chosen = self.shelf.find(repo or "")
        refusal = refuse(text) or self._too_fast(visitor)
        if refusal or not chosen:
            told = refusal or "Choose a language first."
            yield [*[gr.skip()] * 4, pieces.status(told, trouble=True), *[gr.skip()] * 3]
            return
        stop = self._stops[visitor] = threading.Event()
        try:
            yield from self._answers(talk.ask(text.strip()), chosen, compare, stop)
        finally:
            stop.set()
            self._stops.pop(visitor, None)

    def again(
        self, talk: Talk, repo: str | None, compare: bool, request: gr.Request
    ) -> Iterator[list[Any]]:
        """Ask the last question once more."""
        if talk.turns:
            yield from self.say(talk.turns[-1].question, talk.back(), repo, compare, request)

    def pick(
        self,
        talk: Talk,
        repo: str | None,
        compare: bool,
        event: gr.EventData,
        request: gr.Request,
    ) -> Iterator[list[Any]]:
        """Ask one of the examples."""
        yield from self.say(str(event.text), talk, repo, compare, request)

    def _too_fast(self, visitor: str) -> str:
        wait = self._rate.wait(visitor, time.monotonic())
        return f"That was a lot at once. Please wait {wait:.0f} seconds." if wait else ""

    def _answers(
        self, talk: Talk, chosen: Adapter, compare: bool, stop: threading.Event
    ) -> Iterator[list[Any]]:
        ready = self.engine.ready(chosen)
        begin = "Thinking" if ready else "Loading the model, which takes a moment the first time"
        yield _view(talk, begin, busy=True, clear=True)
        try:
            for who in ("adapter", "base") if compare else ("adapter",):
                for grown in self._answer(talk, chosen, who, stop):
                    talk = grown
                    yield _view(talk, "Answering", busy=True)
        except Unanswerable as error:
            yield _view(talk.back(), str(error), trouble=True)
        except (*TROUBLE, RuntimeError) as error:
            logging.exception("cannot answer with %s", chosen.repo)
            told = f"The model could not answer ({type(error).__name__}). Please try again later."
            yield _view(talk.back(), told, trouble=True)
        else:
            yield _view(talk, "Stopped" if stop.is_set() else "")

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


def _view(
    talk: Talk, told: str, trouble: bool = False, busy: bool = False, clear: bool = False
) -> list[Any]:
    """What `say` shows: text, talk, both conversations, status, Send or Stop, chips."""
    text = gr.update(value="") if clear else gr.skip()
    both = [shown(talk, "adapter"), shown(talk, "base")]
    buttons = [gr.update(visible=not busy), gr.update(visible=busy)]
    chips = gr.update(visible=not talk.turns)
    return [text, talk, *both, pieces.status(told, trouble), *buttons, chips]
