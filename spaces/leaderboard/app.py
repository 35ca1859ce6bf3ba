"""The leaderboard Space: its layout, and which handler each event calls.

The files, lowest layer first; a file imports only from files above it and from `common`:

    leaderboard_settings   The environment variables of the leaderboard
    benchmarks             The columns of the table, in plain words
    language_groups        The family and the region of each language
    groups.tsv             Families and regions with their languages
    parse_results          Parse the lines of a `results.jsonl`
    model_cards            What the cards of adapters say
    number_format          Numbers and counted nouns as people read them
    request_queue          Parse the bot's ledger
    entries                The entries of the leaderboard
    query                  What a visitor wants to see, and the entries that match it
    export                 Entries as JSON and as CSV
    details                What is known about one language
    hub_source             Read results and requests from the Hub
    details_source         Download what the page of one language shows
    api                    The API for programs
    svg_charts             The geometry of the charts
    html                   The templates of the HTML, with the charts as SVG
    html_templates         Render the templates
    charts_tab             The charts of the whole leaderboard
    table_html             The HTML of the table
    entry_facts            What the pages say about an entry besides its scores
    language_page          The HTML of the page of one language
    comparison_page        The HTML of a few entries side by side
    queue_html             The HTML of the queue of requests
    request_form           The answer of the request form
    copy_text              The texts around the table
    style.css              The style sheet, after that of `common`
    hero.js                Clicks on "Ask for your language"
    language_links.js      Clicks on the names of languages
    table.js               Clicks on headings and pager; what is chosen for a comparison
    view_address.js        The address of the view
    language_page.js       The address of a language or a comparison, and the way back
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
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # a checkout has `common` there
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported

with contextlib.suppress(ImportError):  # ZeroGPU starts no app without a function for its GPU
    from spaces import GPU

    GPU(lambda: None)

import copy_text
import gradio as gr
import request_form
from api import routes
from benchmarks import FIRST_BENCHMARKS
from common.gradio_components import html_component
from common.gradio_options import IMMEDIATE, launch
from common.languages import MAX_NAME_LENGTH
from controls import Controls
from handlers import REFRESH_SECONDS, Components, Handlers
from hub_source import HubSource
from leaderboard_settings import LeaderboardSettings

FOLDER = Path(__file__).parent
LINKS = "language_links.js"
LATEST: dict[str, Any] = IMMEDIATE | {"trigger_mode": "always_last"}


def html(value: str = "", *scripts: str, elem_id: str | None = None, hub: str = "") -> Any:
    """Create a component for our own HTML, with scripts that send messages to this Hub only."""
    code = "".join((FOLDER / script).read_text(encoding="utf-8") for script in scripts)
    on_load = code.replace("'HUB'", json.dumps(hub)) or None
    return html_component(value, js_on_load=on_load, elem_id=elem_id)


def build(source: HubSource, settings: LeaderboardSettings) -> gr.Blocks:
    """Lay out the page and connect it; all visitors are served from what `source` holds."""
    urls, leaderboard = settings.urls, source.snapshot().leaderboard
    with gr.Blocks(title=copy_text.TITLE, fill_width=True) as demo:
        stamp, searched, page_number = gr.State(""), gr.State(""), gr.State(1)
        hero = html(copy_text.hero(leaderboard), "hero.js")
        with gr.Tabs() as tabs:
            with gr.Tab("Results", id="results"):
                with gr.Column(visible=False) as language_column:
                    language_page = html(
                        "", LINKS, "language_page.js", elem_id="language-page", hub=urls.endpoint
                    )
                with gr.Column() as table_column:
                    practice_note = html()
                    controls = Controls.create()
                    status_bar = html("", "view_address.js", hub=urls.endpoint)
                    table = html("", LINKS, "table.js", elem_id="table")
            with gr.Tab("Charts", id="charts") as charts_tab:
                with gr.Row(elem_classes="k-filters"):
                    chart_benchmark = gr.Dropdown(
                        FIRST_BENCHMARKS.choices, label="Test", filterable=False
                    )
                charts = html(elem_id="charts")
            with gr.Tab("Queue", id="queue"):
                queue = html(elem_id="queue")
            with gr.Tab("Guide", id="guide") as guide_tab:
                guide = html()
            with gr.Tab("Request", id="request"):
                html(copy_text.request_intro())
                with gr.Row(elem_classes="k-filters", elem_id="request-form"):
                    requested_name = gr.Textbox(
                        label="Language",
                        placeholder="Scottish Gaelic, Gàidhlig, gla …",
                        max_length=MAX_NAME_LENGTH,
                    )
                hint = request_form.answer("", leaderboard, urls)
                request_answer = html(hint, LINKS, "request_form.js", elem_id="request-answer")
                html(copy_text.request_alternative(urls))
        components = Components(
            stamp, searched, page_number, hero, tabs, language_column, language_page,
            table_column, practice_note, controls, status_bar, table, charts_tab,
            chart_benchmark, charts, queue, guide_tab, guide, requested_name, request_answer,
        )  # fmt: skip
        connect(demo, Handlers(source, settings, components), components)
    return demo  # type: ignore[no-any-return]


def connect(demo: gr.Blocks, handlers: Handlers, page: Components) -> None:
    """Connect the events of the components to their handlers."""
    controls, values = page.controls, page.controls.all
    filter_events = [control.input for control in values[1:]]
    gr.on(filter_events, handlers.apply_filters, values, page.shown, **LATEST)
    controls.query.change(handlers.search, [page.searched, *values], page.shown, **LATEST)
    page.table.sort(handlers.sort, values, page.shown, **LATEST)
    page.table.change_page(handlers.change_page, values, page.shown, **LATEST)
    opened = [page.tabs, *page.language]
    page.table.open(handlers.open_language, None, opened, **LATEST)
    page.request_answer.open(handlers.open_language, None, opened, **LATEST)
    page.language_page.open(handlers.open_language, None, opened, **LATEST)
    page.language_page.back(handlers.show_table, None, page.language, **LATEST)
    page.table.compare(handlers.compare, None, page.language, **LATEST)
    chart_events = [page.charts_tab.select, page.chart_benchmark.input]
    charts = [page.chart_benchmark, page.charts]
    gr.on(chart_events, handlers.draw_charts, [charts[0], *values], charts, **LATEST)
    page.guide_tab.select(handlers.guide, None, page.guide, **LATEST)
    page.hero.ask(lambda: gr.Tabs(selected="request"), None, page.tabs, **LATEST)
    page.requested_name.change(
        handlers.check_name, page.requested_name, page.request_answer, **LATEST
    )
    page.request_answer.pick(handlers.pick_language, None, page.requested_name, **LATEST)
    demo.load(handlers.load, None, page.everything, **LATEST)
    refreshed = [page.stamp, page.page_number, *values]
    gr.Timer(REFRESH_SECONDS).tick(handlers.refresh, refreshed, page.everything, **LATEST)


def main() -> None:
    """Start to read the Hub and serve the page; this is what the Hub runs."""
    settings = LeaderboardSettings.read(os.environ)
    source = HubSource(settings)
    source.start()
    launch(build(source, settings), FOLDER, settings.port, routes(source))


if __name__ == "__main__":
    main()
