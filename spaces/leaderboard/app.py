"""The leaderboard Space: wiring between the watcher of the Hub, the pure views and Gradio."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import controls
import gradio as gr
import page
import view as views
import waiting
import words
from policy import OnlyOwnHost
from routes import routes
from source import Seen, Settings, Source
from starlette.middleware import Middleware

LOOK_SECONDS = 4
FOLDER = Path(__file__).parent


def script(name: str, endpoint: str) -> str:
    """One of the scripts beside this file, with the only host it may speak to."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return text.replace("'HUB'", json.dumps(endpoint))


def theme() -> gr.Theme:
    """System fonts only: the default theme would ask a font server."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="stone", font=fonts, font_mono=mono)


def build(source: Source, settings: Settings) -> gr.Blocks:
    """Lay out the page and connect it; every visitor is served from what `source` holds."""
    links = settings.links

    def draw(seen: Seen, view: views.View) -> list[Any]:
        """status, board"""
        cut = seen.index.select(view)
        shown = page.table(cut, links) if cut.entries else page.nothing(seen.board, links)
        return [page.status(cut, seen.board, seen.problem), shown]

    def fresh(seen: Seen, view: views.View) -> list[Any]:
        """last, hero, note, queue, status, board"""
        return [
            f"{seen.heads} {seen.problem}",
            words.hero(seen.board),
            page.practice_note(seen.board.entries),
            waiting.queue(seen.board.requests, links),
            *draw(seen, view),
        ]

    def arrive(request: gr.Request) -> list[Any]:
        """Show what the link asks for."""
        view = views.from_query(dict(request.query_params))
        seen = source.see()
        told = [*controls.arrived(seen.index, view), view.query, view.page]
        return [*told, *fresh(seen, view)]

    def look(last: str, number: int, *values: Any) -> list[Any]:
        seen = source.see()
        if f"{seen.heads} {seen.problem}" == last:
            return [gr.skip()] * 10
        view = controls.view_of(values, number)
        return [*controls.offered(seen.index, view), *fresh(seen, view)]

    def again(*values: Any) -> list[Any]:
        return [1, *draw(source.see(), controls.view_of(values))]

    def by_search(searched: str, *values: Any) -> list[Any]:
        """Only what is new: a link's own search must not lead back to the first page."""
        return [gr.skip()] * 4 if values[0] == searched else [values[0], *again(*values)]

    def by_heading(event: gr.EventData, *values: Any) -> list[Any]:
        view = views.turned(controls.view_of(values), str(event.by))
        return [view.sort, 1, *draw(source.see(), view)]

    def by_pager(event: gr.EventData, *values: Any) -> list[Any]:
        view = replace(controls.view_of(values), page=int(event.page))
        return [view.page, *draw(source.see(), view)]

    with gr.Blocks(title=words.TITLE, fill_width=True) as demo:
        last, searched, number = gr.State(""), gr.State(""), gr.State(1)
        hero = gr.HTML(words.hero(source.see().board), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Results", id="results"):
                note = gr.HTML("", apply_default_css=False)
                chosen = controls.Controls.make()
                status = gr.HTML(
                    "", js_on_load=script("link.js", links.endpoint), apply_default_css=False
                )
                board = gr.HTML(
                    "",
                    js_on_load=script("board.js", links.endpoint),
                    apply_default_css=False,
                    elem_id="board",
                )
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
        shown = [status, board]
        news = [last, hero, note, queue, *shown]
        picked = [one.input for one in chosen.all[1:]]
        gr.on(picked, again, chosen.all, [number, *shown], **quiet)
        typed = [searched, number, *shown]
        chosen.query.change(by_search, [searched, *chosen.all], typed, **quiet)
        board.sort(by_heading, chosen.all, [chosen.sort, number, *shown], **quiet)
        board.turn(by_pager, chosen.all, [number, *shown], **quiet)
        demo.load(arrive, None, [*chosen.all, searched, number, *news], **quiet)
        gr.Timer(LOOK_SECONDS).tick(
            look, [last, number, *chosen.all], [*chosen.filled, *news], **quiet
        )
    return demo  # type: ignore[no-any-return]


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
