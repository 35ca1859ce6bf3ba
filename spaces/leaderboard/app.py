"""The leaderboard Space: its layout, and which handler each event calls.

The files, lowest layer first; a file imports only from files above it and from `common`:

    leaderboard_settings   The environment variables of the leaderboard
    benchmarks             The columns of the table, in plain words
    language_groups        The family and the region of each language
    groups.tsv             Families and regions with their languages
    number_format          Numbers and counted nouns as people read them
    parse_results          Parse the lines of a `results.jsonl`
    request_queue          Parse the bot's ledger
    entries                The entries of the leaderboard
    query                  What a visitor wants to see, and the entries that match it
    export                 Entries as JSON and as CSV
    details                What is known about one language
    hub_source             Read results and requests from the Hub
    details_source         Download what the page of one language shows
    api                    The API for programs
    svg_charts             Charts as SVG
    charts_tab             The charts of the whole leaderboard
    table_html             The HTML of the table
    language_page          The HTML of the page of one language
    queue_html             The HTML of the queue of requests
    request_form           The answer of the request form
    copy_text              The texts around the table
    style.css              The style sheet, after that of `common`
    table.js               Clicks on headings, names and pager
    view_address.js        The address of the view
    language_page.js       The address of a language's page, and the way back
    request_form.js        Clicks on suggestions in the form
    controls               Search, filters, sort order and columns
    handlers               The handlers of all events
    app                    The layout; start everything
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # a checkout has `common` there
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported

with contextlib.suppress(ImportError):  # ZeroGPU starts no app without a function for its GPU
    from spaces import GPU  # type: ignore[import-untyped]

    GPU(lambda: None)

import copy_text
import gradio as gr
import request_form
from api import routes
from benchmarks import FIRST_BENCHMARKS
from common.gradio_options import IMMEDIATE, launch
from common.hub_urls import HubUrls
from common.languages import MAX_NAME_LENGTH
from controls import Controls
from handlers import REFRESH_SECONDS, Handlers
from hub_source import HubSource
from leaderboard_settings import LeaderboardSettings

FOLDER = Path(__file__).parent
LATEST: dict[str, Any] = IMMEDIATE | {"trigger_mode": "always_last"}


@dataclass(frozen=True)
class ResultsTab:
    """The components of the tab; either the table or the page of one language is visible."""

    language_column: gr.Column
    language_page: gr.HTML
    table_column: gr.Column
    practice_note: gr.HTML
    controls: Controls
    status_bar: gr.HTML
    table: gr.HTML


def html(value: str = "", elem_id: str | None = None, script: str = "", hub: str = "") -> gr.HTML:
    """Create a component for our own HTML, with a script that sends messages to this Hub only."""
    code = (FOLDER / script).read_text(encoding="utf-8") if script else None
    on_load = code and code.replace("'HUB'", json.dumps(hub))
    return gr.HTML(value, js_on_load=on_load, apply_default_css=False, elem_id=elem_id)


def build(source: HubSource, settings: LeaderboardSettings) -> gr.Blocks:
    """Lay out the page and connect it; all visitors are served from what `source` holds."""
    handlers, urls = Handlers(source, settings), settings.urls
    with gr.Blocks(title=copy_text.TITLE, fill_width=True) as demo:
        stamp, searched, page_number = gr.State(""), gr.State(""), gr.State(1)
        hero = html(copy_text.hero(source.snapshot().leaderboard))
        with gr.Tabs() as tabs:
            with gr.Tab("Results", id="results"):
                results = lay_out_results(urls)
            with gr.Tab("Charts", id="charts") as charts_tab:
                lay_out_charts(charts_tab, results.controls, handlers)
            with gr.Tab("Queue", id="queue"):
                queue = html(elem_id="queue")
            with gr.Tab("Guide", id="guide") as guide_tab:
                guide = html()
                guide_tab.select(handlers.guide, None, guide, **LATEST)
            with gr.Tab("Request", id="request"):
                answer = lay_out_request_form(source, urls, handlers)
        controls, table = results.controls, results.table
        shown = [page_number, results.status_bar, table]
        page = [results.language_page, results.language_column, results.table_column]
        content = [stamp, hero, results.practice_note, queue, results.status_bar, table]
        filter_events = [control.input for control in controls.all[1:]]
        search_inputs, search_outputs = [searched, *controls.all], [searched, *shown]
        gr.on(filter_events, handlers.apply_filters, controls.all, shown, **LATEST)
        controls.query.change(handlers.search, search_inputs, search_outputs, **LATEST)
        table.sort(handlers.sort, controls.all, [controls.sort, *shown], **LATEST)
        table.change_page(handlers.change_page, controls.all, shown, **LATEST)
        table.open(handlers.open_language, None, page, **LATEST)
        results.language_page.back(handlers.close_language, None, page, **LATEST)
        answer.open(handlers.open_language_from_form, None, [tabs, *page], **LATEST)
        everything = [*controls.all, searched, page_number, *page, *content]
        demo.load(handlers.load, None, everything, **LATEST)
        refresh_inputs = [stamp, page_number, *controls.all]
        refresh_outputs = [*controls.filters, *content]
        timer = gr.Timer(REFRESH_SECONDS)
        timer.tick(handlers.refresh, refresh_inputs, refresh_outputs, **LATEST)
    return demo  # type: ignore[no-any-return]


def lay_out_results(urls: HubUrls) -> ResultsTab:
    """Create the table with its controls, and the page of one language in its place."""
    with gr.Column(visible=False) as language_column:
        page = html(elem_id="language-page", script="language_page.js", hub=urls.endpoint)
    with gr.Column() as table_column:
        practice_note = html()
        controls = Controls.create()
        status_bar = html(script="view_address.js", hub=urls.endpoint)
        table = html(elem_id="table", script="table.js")
    return ResultsTab(
        language_column, page, table_column, practice_note, controls, status_bar, table
    )


def lay_out_charts(tab: gr.Tab, controls: Controls, handlers: Handlers) -> None:
    """Create the charts, which are drawn when somebody opens the tab."""
    with gr.Row(elem_classes="k-filters"):
        benchmark = gr.Dropdown(FIRST_BENCHMARKS.choices, label="Test", filterable=False)
    charts = html(elem_id="charts")
    inputs = [benchmark, *controls.all]
    gr.on(
        [tab.select, benchmark.input], handlers.draw_charts, inputs, [benchmark, charts], **LATEST
    )


def lay_out_request_form(source: HubSource, urls: HubUrls, handlers: Handlers) -> gr.HTML:
    """Create the form, which checks a name while it is typed; return the place of its answer."""
    html(copy_text.request_intro())
    with gr.Row(elem_classes="k-filters", elem_id="request-form"):
        name = gr.Textbox(
            label="Language",
            placeholder="Scottish Gaelic, Gàidhlig, gla …",
            max_length=MAX_NAME_LENGTH,
        )
    hint = request_form.answer("", source.snapshot().leaderboard, urls)
    answer = html(hint, "request-answer", "request_form.js")
    html(copy_text.request_alternative(urls))
    name.change(handlers.check_name, name, answer, **LATEST)
    answer.pick(handlers.pick_language, None, name, **LATEST)
    return answer


def main() -> None:
    """Start to read the Hub and serve the page; this is what the Hub runs."""
    settings = LeaderboardSettings.read(os.environ)
    source = HubSource(settings)
    source.start()
    launch(build(source, settings), FOLDER, settings.port, routes(source))


if __name__ == "__main__":
    main()
