"""A real server that stands for a teacher, on a free port, and a teacher that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from recipes.generate.connect import endpoint, session
from recipes.generate.journal import Journal
from recipes.generate.purse import Price, Purse
from recipes.generate.teacher import Settings, Teacher

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SETTINGS = Settings(
    model="m",
    start=8,
    concurrency=8,
    temperature=1.0,
    max_tokens=16,
    timeout=0.5,
    attempts=3,
    tries=2,
    backoff=0.001,
    longest_backoff=0.01,
    ready_within=0.2,
    failures_in_a_row=5,
    grace=1,
)


def completion(text: object, finish: str = "stop", used: tuple[int, int] = (7, 3)) -> object:
    """The wire form of an answer."""
    usage = {"prompt_tokens": used[0], "completion_tokens": used[1]}
    return {
        "choices": [{"message": {"content": text}, "finish_reason": finish}],
        "usage": usage,
    }


@asynccontextmanager
async def serving(complete: Handler, look: Handler | None = None) -> AsyncIterator[str]:
    """Serve `complete` where OpenAI's API and TGI's have it; the URL."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", look or complete)
    app.router.add_get("/info", look or complete)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def teaching(
    url: str,
    folder: Path,
    price: Price | None = None,
    cap: float | None = None,
    **more: object,
) -> AsyncIterator[Teacher]:
    """A teacher at this URL with a journal in the folder, its settings changed by `more`."""
    journal = Journal(folder / "journal.jsonl", "epo_Latn")
    settings = replace(SETTINGS, **more)  # type: ignore[arg-type]
    try:
        async with session({}) as http:
            purse = Purse(price or Price(), cap)
            yield Teacher(endpoint(http, url), settings, journal, purse)
    finally:
        journal.close()
