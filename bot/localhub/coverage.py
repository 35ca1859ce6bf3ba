"""Generates COVERAGE.md, the list of served calls, from the routing table.

`python -m bot.localhub.coverage` writes the file.
"""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from bot.localhub.app import SERVICES

FILE = Path(__file__).with_name("COVERAGE.md")
HEAD = """# What the local Hub serves

Generated from the routing table by `python -m bot.localhub.coverage`. Web pages are not listed.
Any other call of the Hub's API answers 501 and names the call."""


def render() -> str:
    """Return the list as Markdown, with one table per service."""
    parts = [HEAD]
    for service in SERVICES:
        rows = [row for route in getattr(service, "ROUTES", ()) for row in _rows(route)]
        if rows:
            title = service.__name__.removeprefix("bot.localhub.").replace(".", "/")
            parts.append(f"\n## {title}\n\n{_summary(service.__doc__)}\n\n| Call | |\n|---|---|")
            parts += rows
    return "\n".join(parts) + "\n"


def _rows(route: Route) -> list[str]:
    repo_types = "{models,datasets,spaces}"
    path = route.path.replace("{repo_type:repo_type}", repo_types).replace(":path}", "}")
    methods = sorted((route.methods or {"GET"}) - {"HEAD"})
    return [f"| `{method} {path}` | {_summary(route.endpoint.__doc__)} |" for method in methods]


def _summary(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def main() -> None:
    """Write the file."""
    FILE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
