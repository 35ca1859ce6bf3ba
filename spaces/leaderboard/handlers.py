"""Gradio handlers of the page: values of its components in, new values out.

They answer from what `hub_source` and `details_source` hold. No layout here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import charts_tab
import controls
import copy_text
import gradio as gr
import language_page
import query
import queue_html
import request_form
import table_html
from details_source import DetailsSource
from hub_source import HubSource, Snapshot
from leaderboard_settings import LeaderboardSettings

REFRESH_SECONDS = 4  # how often a page calls `refresh`
CONTENT_COUNT = 6  # how many values `_content` returns


class Handlers:
    """The handlers; all visitors share them."""

    def __init__(self, source: HubSource, settings: LeaderboardSettings) -> None:
        self._source = source
        self._details = DetailsSource(settings)
        self._urls = settings.urls

    def load(self, request: gr.Request) -> list[Any]:
        """Show what the address asks for.

        Returns controls, searched text, page number, language page and columns, content.
        """
        snapshot = self._source.snapshot()
        benchmarks = snapshot.leaderboard.benchmarks
        view = query.from_query(dict(request.query_params), benchmarks)
        updates = controls.control_updates(snapshot.index, benchmarks, view)
        state = [*updates, view.query, view.page]
        return [
            *state,
            *self._language_page(snapshot, view.language),
            *self._content(snapshot, view),
        ]

    def refresh(self, shown: str, page_number: int, *values: Any) -> list[Any]:
        """Return the filters and the content if something has changed since it was shown.

        Before `load` has answered, the controls do not have the values of the address yet.
        """
        snapshot = self._source.snapshot()
        if shown in ("", _stamp(snapshot)):
            return [gr.skip()] * (len(values) - 1 + CONTENT_COUNT)
        benchmarks = snapshot.leaderboard.benchmarks
        view = controls.view_of(values, benchmarks, page_number)
        updates = controls.filter_updates(snapshot.index, benchmarks, view)
        return [*updates, *self._content(snapshot, view)]

    def apply_filters(self, *values: Any) -> list[Any]:
        """Return page number, status bar and table."""
        snapshot = self._source.snapshot()
        return [1, *self._table(snapshot, _view(snapshot, values))]

    def search(self, searched: str, *values: Any) -> list[Any]:
        """Return searched text, page number, status bar and table, if the text has changed.

        Otherwise the search that an address asks for would lead back to the first page.
        """
        if values[0] == searched:
            return [gr.skip()] * 4
        return [values[0], *self.apply_filters(*values)]

    def sort(self, event: gr.EventData, *values: Any) -> list[Any]:
        """Return sort, page number, status bar and table after a click on a heading."""
        snapshot = self._source.snapshot()
        view = query.sorted_by(_view(snapshot, values), str(event.by))
        return [view.sort, 1, *self._table(snapshot, view)]

    def change_page(self, event: gr.EventData, *values: Any) -> list[Any]:
        """Return page number, status bar and table after a click on the pager."""
        snapshot = self._source.snapshot()
        view = replace(_view(snapshot, values), page=int(event.page))
        return [view.page, *self._table(snapshot, view)]

    def open_language(self, event: gr.EventData) -> list[Any]:
        """Return the page of the clicked language, and which column is visible."""
        view = query.from_query({"language": str(event.language)})
        return self._language_page(self._source.snapshot(), view.language)

    def open_language_from_form(self, event: gr.EventData) -> list[Any]:
        """Return the same, and the tab to show."""
        return [gr.Tabs(selected="results"), *self.open_language(event)]

    def close_language(self) -> list[Any]:
        """Return an empty page of a language, and which column is visible."""
        return self._language_page(self._source.snapshot(), "")

    def draw_charts(self, key: str, *values: Any) -> list[Any]:
        """Return the benchmarks to choose from, and the charts of the entries that match."""
        snapshot = self._source.snapshot()
        benchmarks = snapshot.leaderboard.benchmarks
        benchmark = benchmarks.by_key.get(key, benchmarks.benchmarks[0])
        entries = snapshot.index.matching(_view(snapshot, values))
        return [
            gr.update(choices=benchmarks.choices, value=benchmark.key),
            charts_tab.charts(entries, benchmark, benchmarks),
        ]

    def guide(self) -> str:
        """Return how to read the table, with a description of each benchmark."""
        return copy_text.guide(self._source.snapshot().leaderboard.benchmarks)

    def check_name(self, text: str) -> str:
        """Return what the form answers to a name."""
        return request_form.answer(text or "", self._source.snapshot().leaderboard, self._urls)

    @staticmethod
    def pick_language(event: gr.EventData) -> str:
        """Return the code of the clicked suggestion."""
        return str(event.code)

    def _table(self, snapshot: Snapshot, view: query.View) -> list[Any]:
        """Return status bar and table."""
        page = snapshot.index.select(view)
        table = (
            table_html.table(page, snapshot.leaderboard.benchmarks, self._urls)
            if page.entries
            else table_html.empty_table(snapshot.leaderboard, self._urls)
        )
        return [table_html.status_bar(page, snapshot.leaderboard, snapshot.problem), table]

    def _content(self, snapshot: Snapshot, view: query.View) -> list[Any]:
        """Return stamp, hero, practice note, queue, status bar and table."""
        return [
            _stamp(snapshot),
            copy_text.hero(snapshot.leaderboard),
            table_html.practice_note(snapshot.leaderboard.entries),
            queue_html.queue(snapshot.leaderboard.requests, self._urls),
            *self._table(snapshot, view),
        ]

    def _language_page(self, snapshot: Snapshot, code: str) -> list[Any]:
        """Return the page of a language, and the columns of the page and of the table."""
        if not code:
            return ["", gr.update(visible=False), gr.update(visible=True)]
        entries = snapshot.entries_of(code)
        page = (
            language_page.language_page(
                entries,
                self._details.get(snapshot, code),
                snapshot.leaderboard.benchmarks,
                self._urls,
            )
            if entries
            else language_page.missing_language_page(code, self._urls)
        )
        return [page, gr.update(visible=True), gr.update(visible=False)]


def _view(snapshot: Snapshot, values: Sequence[Any]) -> query.View:
    return controls.view_of(values, snapshot.leaderboard.benchmarks)


def _stamp(snapshot: Snapshot) -> str:
    """Return a text that changes when the content does."""
    return f"{snapshot.revisions} {snapshot.problem}"
