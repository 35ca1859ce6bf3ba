"""The API for programs: the entries that match a view, as JSON or as CSV."""

from __future__ import annotations

import msgspec
from export import as_csv, as_json
from hub_source import HubSource
from query import from_query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def routes(source: HubSource) -> list[Route]:
    """Return the routes of the API; each takes the same query string as the page."""

    def json_rows(request: Request) -> Response:
        snapshot = source.snapshot()
        view = from_query(dict(request.query_params), snapshot.leaderboard.benchmarks)
        rows = [as_json(entry) for entry in snapshot.index.matching(view)]
        body = msgspec.json.encode({"problem": snapshot.problem, "rows": rows})
        headers = _attachment("json") if request.url.path.endswith(".json") else {}
        return Response(body, media_type="application/json", headers=headers)

    def csv_rows(request: Request) -> Response:
        snapshot = source.snapshot()
        benchmarks = snapshot.leaderboard.benchmarks
        view = from_query(dict(request.query_params), benchmarks)
        body = as_csv(snapshot.index.matching(view), view.columns, benchmarks)
        return Response(body, media_type="text/csv", headers=_attachment("csv"))

    return [
        Route("/api/rows", json_rows),
        Route("/api/rows.json", json_rows),
        Route("/api/rows.csv", csv_rows),
    ]


def _attachment(extension: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="kakugo-results.{extension}"'}
