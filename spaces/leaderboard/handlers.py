"""What happens when a visitor does something: values of the page in, new values of the page out.

Everything is answered from what `source` and `archive` hold; no layout here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import charts_tab
import controls
import copy_text
import gradio as gr
import language_page
import query as views
import queue_html
import request_form
import table_html
from details_source import Archive
from hub_source import Seen, Settings, Source

NEWS = 6  # what `fresh` returns, in the order of the components in app.py


class Visit:
    """The answers of the page; every visitor shares them."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self._source = source
        self._archive = Archive(settings)
        self._links = settings.links

    def arrive(self, request: gr.Request) -> list[Any]:
        """Show what the link asks for."""
        view, seen = views.from_query(dict(request.query_params)), self._source.see()
        told = [*controls.arrived(seen.index, view), view.query, view.page]
        return [*told, *self._opened(seen, view.language), *self._fresh(seen, view)]

    def look(self, last: str, number: int, *values: Any) -> list[Any]:
        """Show what is new since the last look, if anything."""
        seen = self._source.see()
        if _stamp(seen) == last:
            return [gr.skip()] * (len(controls.FILLED) + NEWS)
        view = controls.view_of(values, number)
        return [*controls.offered(seen.index, view), *self._fresh(seen, view)]

    def again(self, *values: Any) -> list[Any]:
        """page number, status, board after a filter has changed"""
        return [1, *self._draw(self._source.see(), controls.view_of(values))]

    def search(self, searched: str, *values: Any) -> list[Any]:
        """Only what is new: a link's own search must not lead back to the first page."""
        return [gr.skip()] * 4 if values[0] == searched else [values[0], *self.again(*values)]

    def sort(self, event: gr.EventData, *values: Any) -> list[Any]:
        """sort, page number, status, board after a heading was pressed"""
        view = views.turned(controls.view_of(values), str(event.by))
        return [view.sort, 1, *self._draw(self._source.see(), view)]

    def turn(self, event: gr.EventData, *values: Any) -> list[Any]:
        """page number, status, board after the pager was pressed"""
        view = replace(controls.view_of(values), page=int(event.page))
        return [view.page, *self._draw(self._source.see(), view)]

    def open(self, event: gr.EventData) -> list[Any]:
        """The page of the language whose name was pressed."""
        asked = views.from_query({"language": str(event.language)})
        return self._opened(self._source.see(), asked.language)

    def open_from_form(self, event: gr.EventData) -> list[Any]:
        """The same, from another tab."""
        return [gr.Tabs(selected="results"), *self.open(event)]

    def back(self) -> list[Any]:
        """All languages again."""
        return self._opened(self._source.see(), "")

    def paint(self, key: str, *values: Any) -> str:
        """The pictures of what the filters leave."""
        left = self._source.see().index.matching(controls.view_of(values))
        return charts_tab.pictures(left, key)

    def check(self, text: str) -> str:
        """What the form says about a name."""
        return request_form.answer(text or "", self._source.see().board, self._links)

    @staticmethod
    def pick(event: gr.EventData) -> str:
        """The code that was chosen among several."""
        return str(event.code)

    def _draw(self, seen: Seen, view: views.View) -> list[Any]:
        """status, board"""
        cut = seen.index.select(view)
        shown = (
            table_html.table(cut, self._links)
            if cut.entries
            else table_html.nothing(seen.board, self._links)
        )
        return [table_html.status(cut, seen.board, seen.problem), shown]

    def _fresh(self, seen: Seen, view: views.View) -> list[Any]:
        """last, hero, note, queue, status, board"""
        return [
            _stamp(seen),
            copy_text.hero(seen.board),
            table_html.practice_note(seen.board.entries),
            queue_html.queue(seen.board.requests, self._links),
            *self._draw(seen, view),
        ]

    def _opened(self, seen: Seen, code: str) -> list[Any]:
        """sheet, and which of both columns is there"""
        if not code:
            return ["", gr.update(visible=False), gr.update(visible=True)]
        entries = [entry for entry in seen.board.entries if entry.code == code]
        told = (
            language_page.closeup(entries, self._archive.of(seen, code), self._links)
            if entries
            else language_page.unknown(code, self._links)
        )
        return [told, gr.update(visible=True), gr.update(visible=False)]


def _stamp(seen: Seen) -> str:
    return f"{seen.heads} {seen.problem}"
