"""The routing table: every service's routes, and 501 with the call's name for what is missing."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub.control import Faults
from bot.localhub.hub import Hub
from bot.localhub.wire import Envelope, HubError, refusal

# Order matters twice: tables reference those above them, and the first matching route wins
# (pages last: their paths are the widest).
SERVICES = (
    "auth", "git", "repos", "history", "cards", "refs", "commits", "lfs", "files",
    "discussions", "webhooks", "jobs", "spaces", "endpoints", "gates", "storage", "info",
    "evals", "collection", "control", "pages",
)  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def services() -> list[ModuleType]:
    """The service modules: each has ``ROUTES``, ``SCHEMA``, or both."""
    found = []
    for name in SERVICES:
        try:
            found.append(importlib.import_module(f"bot.localhub.{name}"))
        except ModuleNotFoundError as error:
            if error.name != f"bot.localhub.{name}":
                raise
    return found


def schema() -> str:
    """The tables of all services."""
    return "\n".join(getattr(service, "SCHEMA", "") for service in services())


def routes() -> list[Route]:
    """The whole routing table."""
    table = [route for service in services() for route in getattr(service, "ROUTES", ())]
    table.append(Route("/api/agent-harnesses", nothing))
    table.append(Route("/api/telemetry/{topic:path}", nothing))
    return [*table, Route("/{rest:path}", not_served, methods=METHODS)]


def nothing(_: Request) -> Response:
    """The answer to what clients send by themselves."""
    return JSONResponse({})


def not_served(request: Request) -> Response:
    """501 for a call of the Hub's API that this Hub has not, 404 for any other address."""
    path = request.url.path
    if path.startswith(("/api/", "/endpoints-api/")):
        raise HubError(501, f"The local Hub does not serve {request.method} {path}")
    raise HubError(404, f"There is no page at {path}")


async def start(hub: Hub) -> None:
    """Let every service take up its work."""
    for service in services():
        if hasattr(service, "start"):
            await service.start(hub)


async def stop(hub: Hub) -> None:
    """Let every service lay down its work, the last to start first."""
    for service in reversed(services()):
        if hasattr(service, "stop"):
            await service.stop(hub)


def build_app(hub: Hub) -> Starlette:
    """The ASGI application of one Hub; services' ``start(hub)`` and ``stop(hub)`` run around it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await start(hub)
        yield
        await stop(hub)

    app = Starlette(
        routes=routes(),
        lifespan=lifespan,
        middleware=[Middleware(Envelope), Middleware(Faults, hub)],
        exception_handlers={HubError: refusal},
    )
    app.state.hub, app.state.start, app.state.stop = hub, start, stop
    return app
