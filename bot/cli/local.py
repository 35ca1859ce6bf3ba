"""Everything on this machine: demo, and the local Hub's serve and contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UserError


def demo(
    data: Annotated[Path, typer.Option(help="The folder for everything that the demo keeps.")] = (
        Path(".demo")
    ),
    port: Annotated[int, typer.Option(help="The port of the local Hub; 0 takes a free one.")] = 0,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep everything running after the result.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Delete the data of earlier runs first.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the result to this file.")
    ] = None,
) -> None:
    """Run a complete request on this machine."""
    with _needs_checkout("kakugo demo", "dev"):
        from bot.demo.run import run

    run(data, port, stay, fresh, json_file)


def hub_serve(
    data: Annotated[Path, typer.Option(help="The folder for everything that the Hub keeps.")],
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 0,
    seed: Annotated[
        Path | None, typer.Option(help="A YAML file with users and organizations to create.")
    ] = None,
    host: Annotated[
        str,
        typer.Option(help="The address; if other machines can reach it, every call needs a token."),
    ] = "127.0.0.1",
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Relax one rule of the real Hub; can be repeated."),
    ] = None,
) -> None:
    """Run the local Hub in the foreground; print its URL when ready."""
    with _needs_checkout("kakugo hub serve"):
        from bot.localhub import server
        from bot.localhub.core import rules
        from bot.localhub.core.seed import SeedError

    try:
        server.serve(port, data, seed, host, rules.parse(rule or ()))
    except (server.StartError, SeedError, rules.RuleError) as error:
        raise UserError(str(error)) from error


def hub_contract(
    spec: Annotated[str, typer.Option(help="The URL or file of an OpenAPI document.")],
) -> None:
    """Compare the local Hub's contract with the documentation.

    Exits with 1 if they differ.
    """
    with _needs_checkout("kakugo hub contract"):
        from bot.localhub.contract import drift

    try:
        raise SystemExit(drift.run(spec, sys.stdout))
    except drift.DocumentError as error:
        raise UserError(str(error)) from error


@contextmanager
def _needs_checkout(command: str, extra: str = "local") -> Iterator[None]:
    """Turn a missing module into a UserError: the wheel has neither the local Hub nor the demo."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"`{command}` needs a checkout of the repository: clone it and run "
            f"`pip install -e '.[{extra}]'` in it ({error.name} is missing here)"
        ) from error
