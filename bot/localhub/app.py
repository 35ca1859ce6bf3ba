"""The ASGI application: the routes of all services, and 501 for calls that are not served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.localhub import control, pages
from bot.localhub.compute import endpoint_gateway, endpoints, jobs, oauth, schedules, spaces
from bot.localhub.compute.hub import ComputeHub
from bot.localhub.core import accounts, auth
from bot.localhub.core.contract_checks import ContractChecks
from bot.localhub.core.rate_limits import RateLimits
from bot.localhub.core.trusted_hosts import TrustedHosts
from bot.localhub.core.wire import HubError, RawPathMiddleware, error_response
from bot.localhub.discussions import routes as discussions
from bot.localhub.pages import authorize
from bot.localhub.repos import (
    cards,
    collections,
    commits,
    files,
    gated,
    git,
    history,
    info,
    lfs,
    refs,
    repos,
)
from bot.localhub.repos.repos import REPO
from bot.localhub.webhooks import routes as webhooks

# A table may reference the tables before it, and the first route that matches wins.
SERVICES: tuple[ModuleType, ...] = (
    auth, accounts, git, repos, history, cards, refs, commits, lfs, files, discussions, webhooks,
    jobs, schedules, spaces, oauth, endpoints, endpoint_gateway, gated, info, collections, control,
)  # fmt: skip
# Calls that are not served, although they would match the route of a repo or a page.
UNSUPPORTED_PATHS = (
    "/api/spaces/hardware",
    "/api/spaces/semantic-search",
    "/api/spaces/templates",
    "/api/spaces/zero-gpu/quota",
    "/uploads",
    "/{namespace}/{name}/raw/{rest:path}",
    "/{repo_type:repo_type}/{namespace}/{name}/raw/{rest:path}",
)
API_PREFIXES = ("api", "endpoints-api", "buckets", "oauth")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def schema() -> str:
    """Return the SQL that creates the tables of all services."""
    return "\n".join(getattr(service, "SCHEMA", "") for service in SERVICES)


def routes() -> list[Route]:
    """Return all routes: the API, its 501, the pages, and 404 for everything else."""
    api = [route for service in SERVICES for route in getattr(service, "ROUTES", ())]
    repo_id = "/{namespace}/{name}/"
    without_namespace = [
        Route(route.path.replace(repo_id, "/{name}/", 1), info.without_namespace, methods=METHODS)
        for route in api
        if route.path.startswith((REPO + "/", f"/api/spaces{repo_id}", repo_id))
    ]
    return [
        *(Route(path, not_served, methods=METHODS) for path in UNSUPPORTED_PATHS),
        *api,
        *without_namespace,
        Route("/api/agent-harnesses", list_harnesses),
        Route("/api/telemetry/{topic:path}", ignore),
        *authorize.ROUTES,
        *(Route(f"/{part}/{{rest:path}}", not_served, methods=METHODS) for part in API_PREFIXES),
        *pages.ROUTES,
        Route("/{rest:path}", page_not_found, methods=METHODS),
    ]


def ignore(_: Request) -> Response:
    """Accept what clients send on their own, and do nothing with it."""
    return JSONResponse({})


def list_harnesses(_: Request) -> Response:
    """List no coding agents; clients ask for them on their own, once a day."""
    return JSONResponse({"standardEnvVars": [], "harnesses": {}})


def not_served(request: Request) -> Response:
    """Answer 501 to a call of the Hub's API that this Hub does not serve."""
    raise HubError(501, f"The local Hub does not serve {request.method} {request.url.path}")


def page_not_found(request: Request) -> Response:
    """Answer 404 to any other address."""
    raise HubError(404, f"There is no page at {request.url.path}")


class Lifecycle:
    """Starts the services of a Hub in order, and stops them in reverse."""

    def __init__(self, hub: ComputeHub) -> None:
        self.hub = hub
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Enter the `lifespan` of every service that has one."""
        for service in SERVICES:
            if hasattr(service, "lifespan"):
                await self._stack.enter_async_context(service.lifespan(self.hub))

    async def stop(self) -> None:
        """Exit them; `start` may follow again."""
        await self._stack.aclose()


def build_app(hub: ComputeHub) -> Starlette:
    """Return the ASGI application of one Hub."""
    lifecycle, faults = Lifecycle(hub), control.State()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await lifecycle.start()
        yield
        await lifecycle.stop()

    app = Starlette(
        routes=routes(),
        lifespan=lifespan,
        middleware=[
            Middleware(RawPathMiddleware, clock=hub.clock),
            Middleware(TrustedHosts, hub),
            Middleware(control.FaultInjection, faults),
            *([Middleware(RateLimits, hub)] if hub.rules.api_calls else []),
            Middleware(ContractChecks, hub.rules, hub.data),
        ],
        exception_handlers={HubError: error_response},
    )
    app.state.hub, app.state.lifecycle, app.state.control = hub, lifecycle, faults
    return app
