"""What the local Hub serves, written out of its routing table into COVERAGE.md.

python -m bot.localhub.coverage      writes the file anew
"""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from bot.localhub.app import SERVICES

FILE = Path(__file__).with_name("COVERAGE.md")
HEAD = """# What the local Hub serves

Generated from the routing table: `python -m bot.localhub.coverage`. Pages for people are left out.
A call of the Hub's API that is not here answers 501 with its name."""


def render() -> str:
    """The list as Markdown: a table for each service."""
    parts = [HEAD]
    for service in SERVICES:
        rows = [row for route in getattr(service, "ROUTES", ()) for row in _rows(route)]
        if rows:
            title = service.__name__.rpartition(".")[2]
            parts.append(f"\n## {title}\n\n{_first_line(service.__doc__)}\n\n| Call | |\n|---|---|")
            parts += rows
    return "\n".join(parts) + "\n"


def _rows(route: Route) -> list[str]:
    path = route.path.replace("{kind:kind}", "{models,datasets,spaces}").replace(":path}", "}")
    methods = sorted((route.methods or {"GET"}) - {"HEAD"})
    return [f"| `{method} {path}` | {_first_line(route.endpoint.__doc__)} |" for method in methods]


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def main() -> None:
    """Write the file."""
    FILE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
