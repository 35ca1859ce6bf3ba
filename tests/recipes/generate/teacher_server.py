"""A real server in the place of a teacher, on a free port, and a client for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from aiohttp import web

from recipes.generate.journal.local import Journal
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher, TeacherSettings
from recipes.generate.teacher.connect import endpoint, session

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SETTINGS = TeacherSettings(
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
    """Return the JSON of a completion."""
    usage = {"prompt_tokens": used[0], "completion_tokens": used[1]}
    return {
        "choices": [{"message": {"content": text}, "finish_reason": finish}],
        "usage": usage,
    }


class ThreadedServer:
    """Runs an application in a thread, on a free port (`url`), as a context manager."""

    def __init__(self, app: web.Application) -> None:
        self.url = ""
        self.loop = asyncio.new_event_loop()
        self._app, self._ready = app, threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(20)
        self.loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        runner = self.loop.run_until_complete(self._start())
        self._ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(runner.cleanup())
        self.loop.run_until_complete(self._cancel_requests())

    async def _start(self) -> web.AppRunner:
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _cancel_requests(self) -> None:
        """Cancel requests that are still being answered."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def serving(complete: Handler, status: Handler | None = None) -> AsyncIterator[str]:
    """Serve `complete` at the paths of OpenAI's API and of TGI's; yield the URL."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", status or complete)
    app.router.add_get("/info", status or complete)
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
    """Yield a teacher at this URL with a journal in the folder; `more` are settings."""
    journal = Journal(folder / "journal.jsonl", "epo_Latn")
    settings = replace(SETTINGS, **more)  # type: ignore[arg-type]
    try:
        async with session({}) as http:
            budget = Budget(price or Price(), cap)
            yield Teacher(endpoint(http, url), settings, journal, budget)
    finally:
        journal.close()
