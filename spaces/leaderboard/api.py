"""What programs may ask: the rows that a view leaves, as JSON or as CSV."""

from __future__ import annotations

import orjson
from export import as_csv, as_json
from hub_source import Source
from query import from_query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def routes(source: Source) -> list[Route]:
    """``/api/rows`` and the two downloads; each takes the query string of the page."""

    def rows(request: Request) -> Response:
        seen = source.see()
        view = from_query(dict(request.query_params))
        told = [as_json(entry) for entry in seen.index.matching(view)]
        body = orjson.dumps({"problem": seen.problem, "rows": told})
        headers = _as_file("json") if request.url.path.endswith(".json") else {}
        return Response(body, media_type="application/json", headers=headers)

    def sheet(request: Request) -> Response:
        view = from_query(dict(request.query_params))
        body = as_csv(source.see().index.matching(view), view.columns)
        return Response(body, media_type="text/csv", headers=_as_file("csv"))

    return [
        Route("/api/rows", rows),
        Route("/api/rows.json", rows),
        Route("/api/rows.csv", sheet),
    ]


def _as_file(kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="kakugo-results.{kind}"'}
