"""Gradio handlers of the page: values of its components in, new values by component out.

They answer from what `hub_source` and `details_source` hold. No layout here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import charts_tab
import comparison_page
import controls
import copy_text
import gradio as gr
import language_page
import query
import queue_html
import request_form
import table_html
from common.gradio_components import NOTHING, Updates
from common.languages import meaning
from details_source import DetailsSource
from hub_source import HubSource, Snapshot
from leaderboard_settings import LeaderboardSettings

REFRESH_SECONDS = 4  # how often a page calls `refresh`


@dataclass(frozen=True)
class Components:
    """The components that have events or that handlers change.

    Either the table is visible, or the page of a language or of a comparison. `stamp` changes with
    the content; `searched` is the text that the table was searched for.
    """

    stamp: gr.State
    searched: gr.State
    page_number: gr.State
    hero: gr.HTML
    tabs: gr.Tabs
    language_column: gr.Column
    language_page: gr.HTML
    table_column: gr.Column
    practice_note: gr.HTML
    controls: controls.Controls
    status_bar: gr.HTML
    table: gr.HTML
    charts_tab: gr.Tab
    chart_benchmark: gr.Dropdown
    charts: gr.HTML
    queue: gr.HTML
    guide_tab: gr.Tab
    guide: gr.HTML
    requested_name: gr.Textbox
    request_answer: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """What a change of the view changes."""
        searched = [self.searched, self.controls.sort]
        return [*searched, self.page_number, self.status_bar, self.table]

    @property
    def language(self) -> list[Any]:
        """What opening or closing the page of a language or of a comparison changes."""
        return [self.language_page, self.language_column, self.table_column]

    @property
    def everything(self) -> list[Any]:
        """What a new content changes, or a new address."""
        content = [self.stamp, self.hero, self.practice_note, self.queue]
        return [*self.controls.all, *self.shown, *self.language, *content]


class Handlers:
    """The handlers; all visitors share them."""

    def __init__(
        self, source: HubSource, settings: LeaderboardSettings, components: Components
    ) -> None:
        self._source = source
        self._details = DetailsSource(settings)
        self._urls = settings.urls
        self._page = components

    def load(self, request: gr.Request) -> Updates:
        """Show what the address asks for."""
        page, snapshot = self._page, self._source.snapshot()
        view = query.from_query(dict(request.query_params), snapshot.leaderboard.benchmarks)
        return {
            page.controls.query: view.query,
            page.searched: view.query,
            page.page_number: view.page,
            **self._page_over_table(snapshot, view),
            **self._content(snapshot, view),
        }

    def refresh(self, shown: str, page_number: int, *values: Any) -> Updates:
        """Renew the filters and the content if something has changed since it was shown.

        Before `load` has answered, the controls do not have the values of the address yet.
        """
        snapshot = self._source.snapshot()
        if shown in ("", _stamp(snapshot)):
            return NOTHING
        return self._content(snapshot, replace(_view(snapshot, values), page=page_number))

    def apply_filters(self, *values: Any) -> Updates:
        """Show the first page of what matches."""
        snapshot = self._source.snapshot()
        return self._table(snapshot, _view(snapshot, values))

    def search(self, searched: str, *values: Any) -> Updates:
        """Show what matches the searched text, if it has changed.

        Otherwise the search that an address asks for would lead back to the first page.
        """
        if values[0] == searched:
            return NOTHING
        return {self._page.searched: values[0], **self.apply_filters(*values)}

    def sort(self, event: gr.EventData, *values: Any) -> Updates:
        """Sort by the clicked heading."""
        snapshot = self._source.snapshot()
        view = query.sorted_by(_view(snapshot, values), str(event.by))
        return {self._page.controls.sort: view.sort, **self._table(snapshot, view)}

    def change_page(self, event: gr.EventData, *values: Any) -> Updates:
        """Show the page that was clicked in the pager."""
        snapshot = self._source.snapshot()
        return self._table(snapshot, replace(_view(snapshot, values), page=int(event.page)))

    def open_language(self, event: gr.EventData) -> Updates:
        """Show the page of the clicked language instead of the table."""
        view = query.from_query({"language": str(event.language)})
        updates = self._page_over_table(self._source.snapshot(), view)
        return {self._page.tabs: gr.Tabs(selected="results"), **updates}

    def compare(self, event: gr.EventData) -> Updates:
        """Show the chosen entries side by side instead of the table."""
        view = query.View(compared=query.known_keys(event.keys))
        return self._page_over_table(self._source.snapshot(), view)

    def show_table(self) -> Updates:
        """Show the table again."""
        return self._page_over_table(self._source.snapshot(), query.View())

    def draw_charts(self, key: str, *values: Any) -> Updates:
        """Draw the charts of the entries that match, and offer the benchmarks."""
        snapshot = self._source.snapshot()
        benchmarks = snapshot.leaderboard.benchmarks
        benchmark = benchmarks.by_key.get(key, benchmarks.benchmarks[0])
        entries = snapshot.index.matching(_view(snapshot, values))
        return {
            self._page.chart_benchmark: gr.update(choices=benchmarks.choices, value=benchmark.key),
            self._page.charts: charts_tab.charts(entries, benchmark, benchmarks),
        }

    def guide(self) -> Updates:
        """Show how to read the table, with a description of each benchmark."""
        benchmarks = self._source.snapshot().leaderboard.benchmarks
        return {self._page.guide: copy_text.guide(benchmarks)}

    def check_name(self, text: str) -> Updates:
        """Show what the form answers to a name."""
        leaderboard = self._source.snapshot().leaderboard
        return {self._page.request_answer: request_form.answer(text or "", leaderboard, self._urls)}

    def pick_language(self, event: gr.EventData) -> Updates:
        """Fill the clicked suggestion into the form."""
        return {self._page.requested_name: str(event.code)}

    def _table(self, snapshot: Snapshot, view: query.View) -> Updates:
        """Show one page of the entries that match a view."""
        page = snapshot.index.select(view)
        table = (
            table_html.table(page, snapshot.leaderboard.benchmarks, self._urls)
            if page.entries
            else table_html.empty_table(snapshot.leaderboard, self._urls)
        )
        return {
            self._page.page_number: view.page,
            self._page.status_bar: table_html.status_bar(
                page, snapshot.leaderboard, snapshot.problem
            ),
            self._page.table: table,
        }

    def _content(self, snapshot: Snapshot, view: query.View) -> Updates:
        """Show everything that depends on the results and on the requests."""
        page, leaderboard = self._page, snapshot.leaderboard
        updates = controls.updates(snapshot.index, leaderboard.benchmarks, view)
        return {
            page.stamp: _stamp(snapshot),
            page.hero: copy_text.hero(leaderboard),
            page.practice_note: table_html.practice_note(leaderboard.entries),
            page.queue: queue_html.queue(leaderboard.requests, self._urls),
            **{getattr(page.controls, name): update for name, update in updates.items()},
            **self._table(snapshot, view),
        }

    def _page_over_table(self, snapshot: Snapshot, view: query.View) -> Updates:
        """Show the page of a language or of a comparison, or else the table."""
        page, html = self._page, ""
        if view.language:
            html = self._language_html(snapshot, view.language)
        elif view.compared:
            entries = snapshot.index.with_keys(view.compared)
            benchmarks = snapshot.leaderboard.benchmarks
            html = comparison_page.comparison_page(entries, benchmarks, self._urls)
        return {
            page.language_page: html,
            page.language_column: gr.update(visible=bool(html)),
            page.table_column: gr.update(visible=not html),
        }

    def _language_html(self, snapshot: Snapshot, text: str) -> str:
        found = meaning(text, {entry.code for entry in snapshot.leaderboard.entries})
        if not found.language:
            return language_page.missing_language_page(text, found, self._urls)
        code = found.language.code
        entries = snapshot.entries_of(code)
        details = self._details.get(snapshot, code)
        benchmarks = snapshot.leaderboard.benchmarks
        return language_page.language_page(entries, details, benchmarks, self._urls)


def _view(snapshot: Snapshot, values: Sequence[Any]) -> query.View:
    return controls.view_of(values, snapshot.leaderboard.benchmarks)


def _stamp(snapshot: Snapshot) -> str:
    """Return a text that changes when the content does."""
    return f"{snapshot.revisions} {snapshot.problem}"
