"""Pages of what runs: jobs with their live logs, Inference Endpoints, a Space's logs."""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.localhub.compute import endpoints, hardware, jobs, logs, spaces
from bot.localhub.compute.job_runner import TERMINAL
from bot.localhub.core import auth
from bot.localhub.core.hub import hub_of
from bot.localhub.core.wire import HubError, Json, path_param, whole
from bot.localhub.pages.content import frame_of
from bot.localhub.pages.layout import page, render
from bot.localhub.pages.session import go, read_form, require

PAGE = 50
LINES = 500


def insider(request: Request) -> str:
    """Return the namespace of the path; to a stranger there is no such page."""
    user, name = require(request), path_param(request, "namespace")
    with hub_of(request).store.read() as db:
        if not auth.may_read(db, user, name):
            raise HubError(404, f"{user.name} sees nothing that runs in {name[:100]}")
    return name


def cost(job: Json) -> float:
    """Return what the job would cost on the Hub, in US dollars."""
    per_hour = float(hardware.table()[job["flavor"]]["usdPerHour"])
    return per_hour * (job["durations"]["runningSecs"] or 0) / 3600


def job_list(request: Request) -> Response:
    """The jobs of a namespace."""
    hub, name = hub_of(request), insider(request)
    before = whole(request, "before", 1 << 62, 0, 1 << 62)
    with hub.store.read() as db:
        rows = jobs.select(db, name, [], [], before, PAGE + 1)
    shown = [jobs.as_wire(hub, row) for row in rows[:PAGE]]
    more = rows[PAGE - 1]["seq"] if len(rows) > PAGE else None
    return render(request, "jobs.html", namespace=name, jobs=shown, more=more)


def job(request: Request) -> Response:
    """One job with its log, which grows while one looks."""
    hub, name = hub_of(request), insider(request)
    with hub.store.read() as db:
        row = jobs.find(db, name, path_param(request, "job"))
        may_cancel = auth.may_write(db, auth.who(request), name, permission="job.write")
    told = jobs.as_wire(hub, row)
    log = jobs.runner_of(hub).log(row["id"])
    lines = [line for line in logs.last_lines(log, LINES) if not line.startswith("===== Job")]
    return render(
        request, "job.html", namespace=name, job=told, over=row["stage"] in TERMINAL,
        lines=lines, cost=cost(told), may_cancel=may_cancel,
    )  # fmt: skip


async def cancel_job(request: Request) -> Response:
    """Cancel it."""
    await read_form(request)
    name = await run_in_threadpool(insider, request)
    row = await run_in_threadpool(jobs.writable, request)
    await jobs.runner_of(hub_of(request)).cancel(row["id"])
    return go(f"/jobs/{name}/{row['id']}")


def endpoint_list(request: Request) -> Response:
    """The endpoints of a namespace."""
    hub, name = hub_of(request), insider(request)
    query = f"{endpoints.SELECT} WHERE a.name = ? ORDER BY e.name"
    shown = [endpoints.as_wire(hub, row) for row in endpoints.all_rows(hub, query, name)]
    return render(request, "endpoints.html", namespace=name, endpoints=shown)


def endpoint(request: Request) -> Response:
    """One endpoint: its state, where it answers, what it runs, what it said last."""
    hub, name = hub_of(request), insider(request)
    row = endpoints.find(hub, name, path_param(request, "name"))
    lines = logs.last_lines(endpoints.folder(hub, row["id"]) / "log.jsonl", LINES)
    told = endpoints.as_wire(hub, row)
    shown = json.dumps({"compute": told["compute"], "model": told["model"]}, indent=2)
    return render(request, "endpoint.html", namespace=name, endpoint=told, spec=shown, lines=lines)


def space_logs(request: Request) -> Response:
    """What a Space said, for those who may change it."""
    hub = hub_of(request)
    require(request)
    with hub.store.read() as db:
        repo = spaces.to_write(request, db)
        runtime = spaces.runner_of(hub).runtime(db, repo)
        values = frame_of(db, request, repo, "logs")
    read = {
        which: logs.last_lines(spaces.runner_of(hub).log(repo.id, which), LINES)
        for which in ("build", "run")
    }
    return render(request, "space_logs.html", logs=read, runtime=runtime, **values)


async def restart_space(request: Request) -> Response:
    """Start a Space anew."""
    await read_form(request)
    repo = await run_in_threadpool(spaces.writable, request)
    await spaces.runner_of(hub_of(request)).restart(repo.id)
    return go(repo.web_path())


ROUTES = [
    Route("/jobs/{namespace}", page(job_list)),
    Route("/jobs/{namespace}/{job}", page(job)),
    Route("/jobs/{namespace}/{job}/cancel", page(cancel_job), methods=["POST"]),
    Route("/endpoints/{namespace}", page(endpoint_list)),
    Route("/endpoints/{namespace}/{name}", page(endpoint)),
    Route("/spaces/{namespace}/{name}/logs", page(space_logs)),
    Route("/spaces/{namespace}/{name}/restart", page(restart_space), methods=["POST"]),
]
