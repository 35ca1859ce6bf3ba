"""Pages of jobs with live logs, Inference Endpoints, and a Space's logs."""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.compute import endpoints, hardware, jobs, logs, spaces
from bot.localhub.compute.hub import hub_of
from bot.localhub.compute.job_runner import TERMINAL
from bot.localhub.core import auth
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError, int_param, path_param
from bot.localhub.pages.content import repo_context
from bot.localhub.pages.layout import page, render
from bot.localhub.pages.session import read_form, redirect, require_login

PAGE = 50
LINES = 500


def _namespace(request: Request) -> str:
    """Return the namespace in the path; raises HubError 404 if the user is not a member of it."""
    user, name = require_login(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, name):
            raise HubError(404, f"{user.name} may not see what runs in {name[:100]}")
    return name


def _cost(job: Json) -> float:
    """Return what the job would cost on the Hub, in US dollars."""
    usd_per_hour = float(hardware.flavors()[job["flavor"]]["usdPerHour"])
    return usd_per_hour * float(job["durations"].get("runningSecs", 0)) / 3600


def job_list(request: Request) -> Response:
    """Show the jobs of a namespace."""
    hub, name = hub_of(request), _namespace(request)
    before = int_param(request, "before", 1 << 62, 0, 1 << 62)
    with hub.store.read() as db:
        rows = jobs.select(db, name, [], {}, before, PAGE + 1)
    items = [jobs.job_json(hub, row) for row in rows[:PAGE]]
    more = rows[PAGE - 1]["seq"] if len(rows) > PAGE else None
    return render(request, "jobs.html", namespace=name, jobs=items, more=more)


def job(request: Request) -> Response:
    """Show one job with its live log."""
    hub, name = hub_of(request), _namespace(request)
    with hub.store.read() as db:
        row = jobs.find(db, name, path_param(request, "job"))
        may_cancel = auth.may_write(db, auth.current_user(request), name, permission="job.write")
    item = jobs.job_json(hub, row)
    all_lines = logs.last_lines(hub.jobs.log(row["id"]), LINES)
    lines = [line for line in all_lines if not line.startswith("===== Job")]
    return render(
        request, "job.html", namespace=name, job=item, has_ended=row["stage"] in TERMINAL,
        lines=lines, cost=_cost(item), may_cancel=may_cancel,
    )  # fmt: skip


async def cancel_job(request: Request) -> Response:
    """Cancel a job."""
    await read_form(request)
    name = await run_in_threadpool(_namespace, request)
    row = await run_in_threadpool(jobs.writable, request)
    await hub_of(request).jobs.cancel(row["id"])
    return redirect(f"/jobs/{name}/{row['id']}")


def endpoint_list(request: Request) -> Response:
    """Show the endpoints of a namespace."""
    hub, name = hub_of(request), _namespace(request)
    query = f"{endpoints.SELECT} WHERE a.name = ? ORDER BY e.name"
    items = [endpoints.endpoint_json(hub, row) for row in endpoints.select(hub, query, name)]
    return render(request, "endpoints.html", namespace=name, endpoints=items)


def endpoint(request: Request) -> Response:
    """Show one endpoint: its state, address, specification and log."""
    hub, name = hub_of(request), _namespace(request)
    row = endpoints.find(hub, name, path_param(request, "name"))
    lines = logs.last_lines(endpoints.log_of(hub, row["id"]), LINES)
    item = endpoints.endpoint_json(hub, row)
    spec = json.dumps({"compute": item["compute"], "model": item["model"]}, indent=2)
    return render(request, "endpoint.html", namespace=name, endpoint=item, spec=spec, lines=lines)


def space_logs(request: Request) -> Response:
    """Show the logs of a Space to users who may change it."""
    hub = hub_of(request)
    require_login(request)
    repo = spaces.writable(request)
    with hub.store.read() as db:
        runtime = hub.spaces.runtime(db, repo)
        context = repo_context(db, request, repo, "logs")
    lines = {
        which: logs.last_lines(hub.spaces.log(repo.id, which), LINES) for which in ("build", "run")
    }
    return render(request, "space_logs.html", logs=lines, runtime=runtime, **context)


async def restart_space(request: Request) -> Response:
    """Restart a Space."""
    await read_form(request)
    repo = await run_in_threadpool(spaces.writable, request)
    await hub_of(request).spaces.restart(repo.id)
    return redirect(repo.web_path())


ROUTES = [
    Route("/jobs/{namespace}", page(job_list)),
    Route("/jobs/{namespace}/{job}", page(job)),
    Route("/jobs/{namespace}/{job}/cancel", page(cancel_job), methods=["POST"]),
    Route("/endpoints/{namespace}", page(endpoint_list)),
    Route("/endpoints/{namespace}/{name}", page(endpoint)),
    Route("/spaces/{namespace}/{name}/logs", page(space_logs)),
    Route("/spaces/{namespace}/{name}/restart", page(restart_space), methods=["POST"]),
]
