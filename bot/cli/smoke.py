"""`kakugo smoke`: a first real run in an empty namespace, with a cap on its cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli import connection
from bot.cli.confirm import confirm


def _usd(text: str) -> float:
    try:
        usd = float(text)
    except ValueError:
        usd = -1.0
    if not 0 <= usd < float("inf"):  # also of NaN, which a range of click lets pass
        raise typer.BadParameter("it must be an amount of US dollars, like 2.50")
    return usd


def smoke(
    cap_usd: Annotated[
        float, typer.Option(help="What the run may cost at most.", parser=_usd, metavar="USD")
    ] = 3.0,
    yes: Annotated[
        str, typer.Option(help="The namespace, to skip the confirmation.", metavar="ORG")
    ] = "",
    clean: Annotated[
        bool, typer.Option("--clean", help="Only delete what an interrupted run has left.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    record: Annotated[
        Path, typer.Option(help="The folder for the Hub's answers.", file_okay=False)
    ] = Path("tests/recorded"),
) -> None:
    """Try every part of the Hub in an empty namespace.

    Deletes all that it made, and exits with 1 if a part fails.
    """
    from bot.operations import package
    from bot.operations import smoke as smoke_test

    test = smoke_test.prepare(*connection.connect(), package.read())
    if clean:
        smoke_test.clean(test)
        typer.echo(f"nothing is left in {test.hub.org}")
        return
    for text in smoke_test.price_lines(test, cap_usd):
        typer.echo(text, err=as_json)
    confirm(test.hub.org, yes)
    results = []
    for result in smoke_test.run(test, cap_usd, record):
        results.append(result)
        if not as_json:
            typer.echo(smoke_test.line(result))
    total = sum(result.usd for result in results)
    if as_json:
        typer.echo(smoke_test.to_json(results))
    else:
        typer.echo(f"about ${total:.4f} by the price list; the answers are in {record}")
    raise SystemExit(any(result.mark == "failed" for result in results))
