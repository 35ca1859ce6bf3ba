"""The leaderboard Space: the layout, and which part of it calls which answer of `visit`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # in a checkout, common/ is there
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import controls
import copy_text
import gradio as gr
import request_form
from api import routes
from common.csp import OnlyOwnHost
from handlers import Visit
from hub_source import Settings, Source
from language_groups import LONGEST_NAME
from markup import Links
from starlette.middleware import Middleware

LOOK_SECONDS = 4
FOLDER = Path(__file__).parent
QUIET: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
    "api_visibility": "private",
}


@dataclass(frozen=True)
class Results:
    """The tab of the table; one language or every language is seen."""

    one: gr.Column
    every: gr.Column
    sheet: gr.HTML
    note: gr.HTML
    chosen: controls.Controls
    status: gr.HTML
    board: gr.HTML


def markup(value: str = "", name: str | None = None, script: str = "", hub: str = "") -> gr.HTML:
    """A place for our own markup, with the script that stands beside this file."""
    text = (FOLDER / script).read_text(encoding="utf-8") if script else None
    on_load = text and text.replace("'HUB'", json.dumps(hub))
    return gr.HTML(value, js_on_load=on_load, apply_default_css=False, elem_id=name)


def theme() -> gr.Theme:
    """System fonts only: the default theme would ask a font server."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def build(source: Source, settings: Settings) -> gr.Blocks:
    """Lay out the page and connect it; every visitor is served from what `source` holds."""
    visit, links = Visit(source, settings), settings.links
    with gr.Blocks(title=copy_text.TITLE, fill_width=True) as demo:
        last, searched, number = gr.State(""), gr.State(""), gr.State(1)
        hero = markup(copy_text.hero(source.see().board))
        with gr.Tabs() as tabs:
            with gr.Tab("Results", id="results"):
                results = lay_results(links)
            with gr.Tab("Pictures", id="pictures") as gallery:
                lay_pictures(gallery, results.chosen, visit)
            with gr.Tab("Queue", id="queue"):
                queue = markup(name="queue")
            with gr.Tab("Guide", id="guide"):
                markup(copy_text.guide())
            with gr.Tab("Request", id="ask"):
                answer = lay_form(source, links, visit)
        chosen, board = results.chosen, results.board
        shown = [results.status, board]
        sides = [results.sheet, results.one, results.every]
        news = [last, hero, results.note, queue, *shown]
        picked = [one.input for one in chosen.all[1:]]
        typed = [searched, number, *shown]
        gr.on(picked, visit.again, chosen.all, [number, *shown], **QUIET)
        chosen.query.change(visit.search, [searched, *chosen.all], typed, **QUIET)
        board.sort(visit.sort, chosen.all, [chosen.sort, number, *shown], **QUIET)
        board.turn(visit.turn, chosen.all, [number, *shown], **QUIET)
        board.open(visit.open, None, sides, **QUIET)
        results.sheet.back(visit.back, None, sides, **QUIET)
        answer.open(visit.open_from_form, None, [tabs, *sides], **QUIET)
        everything = [*chosen.all, searched, number, *sides, *news]
        demo.load(visit.arrive, None, everything, **QUIET)
        looked = [last, number, *chosen.all]
        gr.Timer(LOOK_SECONDS).tick(visit.look, looked, [*chosen.filled, *news], **QUIET)
    return demo  # type: ignore[no-any-return]


def lay_results(links: Links) -> Results:
    """The table with its controls, and the page of one language in its place."""
    with gr.Column(visible=False) as one:
        sheet = markup(name="sheet", script="sheet.js", hub=links.endpoint)
    with gr.Column() as every:
        note = markup()
        chosen = controls.Controls.make()
        status = markup(script="link.js", hub=links.endpoint)
        board = markup(name="board", script="board.js")
    return Results(one, every, sheet, note, chosen, status, board)


def lay_pictures(gallery: gr.Tab, chosen: controls.Controls, visit: Visit) -> None:
    """The pictures, drawn when somebody comes to see them."""
    with gr.Row(elem_classes="k-filters"):
        test = gr.Dropdown(controls.BENCHMARKS, value="into", label="Test", filterable=False)
    drawn = markup(name="drawn")
    gr.on([gallery.select, test.input], visit.paint, [test, *chosen.all], drawn, **QUIET)


def lay_form(source: Source, links: Links, visit: Visit) -> gr.HTML:
    """The form that checks a name while it is typed; returns the place of its answer."""
    markup(copy_text.asking())
    with gr.Row(elem_classes="k-filters", elem_id="wanted"):
        asked = gr.Textbox(
            label="Language",
            placeholder="Scottish Gaelic, Gàidhlig, gla …",
            max_length=LONGEST_NAME,
        )
    answer = markup(request_form.answer("", source.see().board, links), "answer", "pick.js")
    markup(copy_text.instead(links))
    asked.change(visit.check, asked, answer, **QUIET)
    answer.pick(visit.pick, None, asked, **QUIET)
    return answer


def main() -> None:
    """Start the watcher and serve the page; this is what the Hub runs."""
    settings = Settings.read(os.environ)
    source = Source(settings)
    source.start()
    build(source, settings).launch(
        server_port=settings.port,
        share=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        footer_links=[],
        theme=theme(),
        css=(FOLDER / "style.css").read_text(encoding="utf-8"),
        app_kwargs={"routes": routes(source), "middleware": [Middleware(OnlyOwnHost)]},
    )


if __name__ == "__main__":
    main()
