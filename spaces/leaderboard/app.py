"""The leaderboard Space: wiring between the watcher of the Hub, the pure views and Gradio."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import columns
import gradio as gr
import page
import table
import waiting
import words
from policy import OnlyOwnHost
from source import Settings, Source
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

BENCHMARKS = [(f"{column.label} ({column.source})", column.key) for column in columns.BENCHMARKS]
SORTS = [("Largest gain", "gain"), ("Language", "name"), ("Newest", "date"), *BENCHMARKS]
ANY = ("Any", "")
LOOK_SECONDS = 4
# Headings and pager are buttons inside one gr.HTML; a redraw must give the focus back.
PRESS = """
element.addEventListener('click', event => {
  const button = event.target.closest('[data-sort], [data-page]');
  if (!button || button.disabled) return;
  const {sort, page} = button.dataset;
  element.dataset.last = sort ? `[data-sort="${sort}"]` : '.k-pager button:enabled';
  if (sort) trigger('sort', {by: sort}); else trigger('turn', {page: Number(page)});
});
watch('value', () => {
  const last = element.dataset.last;
  if (!last) return;
  delete element.dataset.last;
  element.querySelector(last)?.focus({preventScroll: true});
  if (!last.startsWith('[')) element.scrollIntoView({block: 'start'});
});
"""


def theme() -> gr.Theme:
    """System fonts only: the default theme would ask a font server."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def build(source: Source, settings: Settings) -> gr.Blocks:
    """Lay out the page and connect it; every visitor is served from what `source` holds."""
    links = settings.links

    def draw(*view: Any) -> list[Any]:
        query, script, base, covered, sort, number = view
        seen = source.see()
        asked = table.View(query or "", script or "", base or "", covered or "", sort, number)
        cut = table.select(seen.board.entries, asked)
        shown = page.table(cut, links) if cut.entries else page.nothing(seen.board, links)
        return [page.status(cut, seen.board, seen.problem), shown]

    def look(last: str, *view: Any) -> list[Any]:
        seen = source.see()
        now = f"{seen.heads} {seen.problem}"
        if now == last:
            return [gr.skip()] * 8
        entries = seen.board.entries
        scripts = sorted({entry.script for entry in entries})
        bases = sorted({entry.base for entry in entries})
        return [
            now,
            words.hero(seen.board),
            page.practice_note(entries),
            gr.update(choices=[ANY, *((name, name) for name in scripts)]),
            gr.update(choices=[ANY, *((name, name) for name in bases)]),
            waiting.queue(seen.board.requests, links),
            *draw(*view),
        ]

    with gr.Blocks(title=words.TITLE, fill_width=True) as demo:
        last, number = gr.State(""), gr.State(1)
        hero = gr.HTML(words.hero(source.see().board), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Results", id="results"):
                note = gr.HTML("", apply_default_css=False)
                with gr.Row(elem_classes="k-filters"):
                    query = gr.Textbox(
                        label="Search",
                        placeholder="Any name or code of a language",
                        max_length=table.LONGEST_TEXT,
                        scale=3,
                        elem_id="search",
                    )
                    sort = gr.Dropdown(SORTS, value="gain", label="Sort by", filterable=False)
                    script = gr.Dropdown([ANY], value="", label="Script", filterable=False)
                    base = gr.Dropdown([ANY], value="", label="Base model", filterable=False)
                    covered = gr.Dropdown(
                        [ANY, *BENCHMARKS], value="", label="Covered by", filterable=False
                    )
                status = gr.HTML("", apply_default_css=False)
                board = gr.HTML("", js_on_load=PRESS, apply_default_css=False, elem_id="board")
            with gr.Tab("Queue", id="queue"):
                queue = gr.HTML("", apply_default_css=False, elem_id="queue")
            with gr.Tab("Guide", id="guide"):
                gr.HTML(words.guide(), apply_default_css=False)
            with gr.Tab("Request", id="ask"):
                gr.HTML(words.asking(links), apply_default_css=False)

        quiet: dict[str, Any] = {
            "queue": False,
            "show_progress": "hidden",
            "trigger_mode": "always_last",
            "api_visibility": "private",
        }
        view = [query, script, base, covered, sort, number]
        shown = [status, board]
        gr.on(
            [query.change, script.input, base.input, covered.input, sort.input],
            lambda *values: [1, *draw(*values, 1)],
            view[:-1],
            [number, *shown],
            **quiet,
        )

        def by_heading(event: gr.EventData, *values: Any) -> list[Any]:
            return [event.by, 1, *draw(*values, event.by, 1)]

        def by_pager(event: gr.EventData, *values: Any) -> list[Any]:
            return [event.page, *draw(*values, event.page)]

        board.sort(by_heading, view[:-2], [sort, number, *shown], **quiet)
        board.turn(by_pager, view[:-1], [number, *shown], **quiet)
        fresh = [last, hero, note, script, base, queue, *shown]
        demo.load(look, [last, *view], fresh, **quiet)
        gr.Timer(LOOK_SECONDS).tick(look, [last, *view], fresh, **quiet)
    return demo  # type: ignore[no-any-return]


def main() -> None:
    """Start the watcher and serve the page; this is what the Hub runs."""
    settings = Settings.read(os.environ)
    source = Source(settings)
    source.start()

    def rows(_: Request) -> JSONResponse:
        seen = source.see()
        told = [table.as_json(entry) for entry in seen.board.entries]
        return JSONResponse({"problem": seen.problem, "rows": told})

    build(source, settings).launch(
        server_port=settings.port,
        share=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        footer_links=[],
        theme=theme(),
        css=Path(__file__).with_name("style.css").read_text(encoding="utf-8"),
        app_kwargs={
            "routes": [Route("/api/rows", rows)],
            "middleware": [Middleware(OnlyOwnHost)],
        },
    )


if __name__ == "__main__":
    main()
