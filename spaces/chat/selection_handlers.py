"""What happens when somebody arrives, chooses a language or a model, or shares what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import fragments
import gradio as gr
from adapters import Adapter
from chat_handlers import Room
from conversation import LONGEST_MESSAGE, Talk
from feedback import clean
from i18n import ENGLISH, contributed, preferred, words
from languages import LONGEST_NAME, by_code, meant, near

FIRST_LOOK_SECONDS = 5.0


@dataclass(frozen=True)
class Wish:
    """What the address asks for."""

    language: str = ""
    model: str = ""
    prompt: str = ""
    compare: bool = False
    words: str = ""

    @classmethod
    def read(cls, request: gr.Request) -> Wish:
        """Read the query; a prompt is only ever written into the box, never sent."""
        query = request.query_params
        tag = query.get("words") or preferred(
            request.headers.get("accept-language", ""), contributed()
        )
        return cls(
            query.get("language", "")[:LONGEST_NAME],
            query.get("model", ""),
            clean(query.get("prompt", ""))[:LONGEST_MESSAGE],
            query.get("compare") == "1",
            words(tag).tag,
        )


class Front:
    """Choosing, for all visitors; what somebody chose is in the page's own state."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._shelf = room.shelf
        self._settings = room.settings

    def offer(self, repo: str, known: tuple[str, ...], request: gr.Request) -> list[Any]:
        """Offer the languages; keep the chosen one, else take the address's wish or the first.

        Returns language, chosen, known, found, text, compare and interface.
        """
        self._shelf.first_look.wait(FIRST_LOOK_SECONDS)
        now = tuple(one.repo for one in self._shelf.adapters)
        if now and now == known:
            return [gr.skip()] * 7
        wish = Wish.read(request)
        if not now:
            told = fragments.nobody(self._requests(), self._shelf.problem, words(wish.words))
            nothing = gr.update(choices=[], value=None)
            return [nothing, "", now, told, gr.update(interactive=False), gr.skip(), gr.skip()]
        choices = [(one.label, one.code) for one in self._shelf.languages()]
        if self._shelf.find(repo):
            return [gr.update(choices=choices), gr.skip(), now, *[gr.skip()] * 4]
        chosen, told = self._wished(wish)
        return [
            gr.update(choices=choices, value=chosen.code),
            chosen.repo,
            now,
            told,
            gr.update(interactive=True, value=wish.prompt),
            wish.compare,
            self._interfaces(chosen, wish.words),
        ]

    def _wished(self, wish: Wish) -> tuple[Adapter, str]:
        """The adapter the address names; else the first one, and why where it names another."""
        if found := self._shelf.find(wish.model):
            return found, ""
        code, told = self._read(wish.language, wish.words) if wish.language else ("", "")
        return (self._shelf.speaking(code) or list(self._shelf.adapters))[0], told

    def choose(self, value: object, repo: str, tag: str) -> list[Any]:
        """Take a language by its code or by any of its names, or ask which one is meant.

        Returns language, chosen and found.
        """
        if not isinstance(value, str) or not value.strip():
            return [gr.skip()] * 3
        code, told = self._read(value, tag)
        if told:
            return [gr.skip(), gr.skip(), told]
        current = self._shelf.find(repo)
        same = current is not None and current.code == code
        shown = gr.skip() if value == code else gr.update(value=code)
        return [shown, gr.skip() if same else self._shelf.speaking(code)[0].repo, ""]

    def guess(self, event: gr.EventData, repo: str, tag: str) -> list[Any]:
        """Take the language of a "did you mean" button, which may have no model either."""
        return self.choose(str(event.text), repo, tag)

    def _read(self, text: str, tag: str) -> tuple[str, str]:
        """The code of the one language that is meant and can be talked with, or what to say."""
        offered = {one.code for one in self._shelf.languages()}
        codes = [text] if text in offered else meant(text)
        here = [code for code in codes if code in offered]
        if len(here) == 1:
            return here[0], ""
        guesses = here or ([] if codes else near(text, offered))
        called = [] if here else [by_code(code) for code in codes]
        named = [by_code(code) for code in guesses]
        text = clean(text)[:LONGEST_NAME]
        return "", fragments.not_found(text, called, named, self._requests(), words(tag))

    def follow(self, repo: str, settled: str, tag: str) -> list[Any]:
        """Settle down with what was chosen, where that is something new."""
        if repo == settled:
            return [gr.skip()] * 10
        return [repo, *self.settle(repo, tag)]

    def settle(self, repo: str, tag: str) -> list[Any]:
        """Begin anew with a model, and load it while the person thinks.

        Returns model, interface, about, chips, talk, left, right, status and mood.
        """
        chosen = self._shelf.find(repo)
        if not chosen:
            return [gr.skip()] * 9
        self._room.warm(chosen)
        said, speaking = words(tag), self._shelf.speaking(chosen.code)
        names = [(one.base.rpartition("/")[2], one.repo) for one in speaking]
        rtl = chosen.language.direction == "rtl"
        return [
            gr.update(choices=names, value=repo, visible=len(names) > 1),
            self._interfaces(chosen, tag),
            fragments.about(chosen, self._settings.endpoint, said),
            gr.update(
                value=fragments.chips(self._shelf.examples(chosen), chosen.language), visible=True
            ),
            Talk(),
            gr.update(value=[], rtl=rtl, placeholder=fragments.start(chosen.language, said)),
            gr.update(value=[], rtl=rtl),
            fragments.status(""),
            fragments.mood(chosen, said),
        ]

    def _interfaces(self, chosen: Adapter, tag: str) -> Any:
        """English and the language itself, where somebody has contributed its words."""
        tags = [one for one in (ENGLISH, chosen.language.bcp47) if one in contributed()]
        tags = list(dict.fromkeys([*tags, tag]))
        choices = [(words(one)("name"), one) for one in tags]
        return gr.update(choices=choices, value=tag, visible=len(choices) > 1)

    def dress(self, repo: str, tag: str) -> list[Any]:
        """The pieces of HTML in another interface language: hero, about, left and mood."""
        said, chosen = words(tag), self._shelf.find(repo)
        if not chosen:
            return [fragments.hero(said), gr.skip(), gr.skip(), gr.skip()]
        return [
            fragments.hero(said),
            fragments.about(chosen, self._settings.endpoint, said),
            gr.update(placeholder=fragments.start(chosen.language, said)),
            fragments.mood(chosen, said),
        ]

    def link(
        self, text: str, talk: Talk, repo: str, compare: bool, tag: str, here: str
    ) -> dict[str, Any]:
        """An address that brings this view back, with the message or the last question in it."""
        chosen = self._shelf.find(repo)
        prompt = text.strip() or (talk.turns[-1].question if talk.turns else "")
        query = {"language": chosen.code, "model": chosen.repo} if chosen else {}
        query |= {"compare": "1"} if compare else {}
        query |= {"words": tag} if tag != ENGLISH else {}
        query |= {"prompt": prompt} if prompt else {}
        return gr.update(value=f"{here}?{urlencode(query)}", visible=True)

    def offline(self, request: gr.Request) -> str:
        """The page that says how to take a model along."""
        self._shelf.first_look.wait(FIRST_LOOK_SECONDS)
        wish = Wish.read(request)
        found = self._shelf.speaking(wish.language)
        chosen = next((one for one in found if one.export), None)
        export = chosen.export if chosen else None
        language = by_code(wish.language) if found else by_code("")
        return fragments.offline(language, export, self._settings.endpoint, words(wish.words))

    def _requests(self) -> str:
        return fragments.requests(self._settings.endpoint, self._settings.org)
