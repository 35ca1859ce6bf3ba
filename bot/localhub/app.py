"""The routing table: every service's routes, and 501 with the call's name for what is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub import control, pages
from bot.localhub.compute import endpoint_gateway, endpoints, jobs, schedules, spaces
from bot.localhub.control import Faults
from bot.localhub.core import auth
from bot.localhub.core.hub import Hub
from bot.localhub.core.trusted_hosts import Door
from bot.localhub.core.wire import Envelope, HubError, refusal
from bot.localhub.discussions import attachments
from bot.localhub.discussions import routes as discussions
from bot.localhub.repos import (
    cards,
    collections,
    commits,
    eval_results,
    files,
    gated,
    git,
    history,
    info,
    lfs,
    refs,
    repos,
    storage,
)
from bot.localhub.repos.repos import REPO
from bot.localhub.webhooks import routes as webhooks

# Tables reference those above them, and the first route that matches wins.
SERVICES: tuple[ModuleType, ...] = (
    auth, git, repos, history, cards, refs, commits, lfs, files, discussions, attachments, webhooks,
    jobs, schedules, spaces, endpoints, endpoint_gateway, gated, storage, info,
    eval_results, collections, control,
)  # fmt: skip
# What is not served although a route below would take it for something else.
NOT_SERVED = ("/api/spaces/semantic-search", "/api/spaces/zero-gpu/quota")
OF_THE_API = ("api", "endpoints-api", "buckets", "oauth")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def schema() -> str:
    """The tables of all services."""
    return "\n".join(getattr(service, "SCHEMA", "") for service in SERVICES)


def routes() -> list[Route]:
    """The whole routing table: the API, its 501, the pages, their 404.

    What is asked of an id without an owner is asked of a repo that is not there.
    """
    api = [route for service in SERVICES for route in getattr(service, "ROUTES", ())]
    named = "/{namespace}/{name}/"
    ownerless = [
        Route(route.path.replace(named, "/{name}/", 1), info.single_name, methods=METHODS)
        for route in api
        if route.path.startswith((REPO + "/", f"/api/spaces{named}", named))
    ]
    return [
        *(Route(path, not_served, methods=METHODS) for path in NOT_SERVED),
        *api,
        *ownerless,
        Route("/api/agent-harnesses", nothing),
        Route("/api/telemetry/{topic:path}", nothing),
        *(Route(f"/{part}/{{rest:path}}", not_served, methods=METHODS) for part in OF_THE_API),
        *pages.ROUTES,
        Route("/{rest:path}", no_page, methods=METHODS),
    ]


def nothing(_: Request) -> Response:
    """The answer to what clients send by themselves."""
    return JSONResponse({})


def not_served(request: Request) -> Response:
    """501 for a call of the Hub's API that this Hub has not."""
    raise HubError(501, f"The local Hub does not serve {request.method} {request.url.path}")


def no_page(request: Request) -> Response:
    """404 for any other address."""
    raise HubError(404, f"There is no page at {request.url.path}")


async def start(hub: Hub) -> None:
    """Let every service take up its work."""
    for service in SERVICES:
        if hasattr(service, "start"):
            await service.start(hub)


async def stop(hub: Hub) -> None:
    """Let every service lay down its work, the last to start first."""
    for service in reversed(SERVICES):
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
        middleware=[Middleware(Envelope), Middleware(Door, hub), Middleware(Faults, hub)],
        exception_handlers={HubError: refusal},
    )
    app.state.hub, app.state.start, app.state.stop = hub, start, stop
    return app
