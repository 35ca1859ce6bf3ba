"""The list of commands, and `main`."""

from __future__ import annotations

import signal
from importlib import metadata
from typing import Annotated

import typer

from bot.cli import bot_commands, installation, languages, local, smoke
from bot.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its boxes show a type for each flag, which takes no value
)
hub_app = typer.Typer(
    help="Run and check the local Hub.", no_args_is_help=True, rich_markup_mode=None
)
teacher_app = typer.Typer(help="Test a teacher.", no_args_is_help=True, rich_markup_mode=None)

# In the order of `kakugo --help`.
app.command()(local.demo)
app.command()(bot_commands.serve)
app.command()(bot_commands.tick)
app.command()(bot_commands.plan)
app.command()(bot_commands.requests)
app.command()(bot_commands.show)
app.command()(installation.deploy)
app.command()(installation.withdraw)
app.command()(installation.doctor)
app.command()(installation.destroy)
app.command()(smoke.smoke)
app.command()(languages.language)
app.add_typer(hub_app, name="hub")
hub_app.command("serve")(local.hub_serve)
hub_app.command("contract")(local.hub_contract)
app.add_typer(teacher_app, name="teacher")
teacher_app.command("check")(languages.teacher_check)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"kakugo {metadata.version('kakugo-bot')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Name a language in a Hub discussion; get a dataset, an adapter, an evaluation, a chat."""


def main() -> None:
    """Run the command line; an expected error prints one sentence and exits with 1."""
    # A shell without job control starts background commands with SIGINT ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except UserError as error:
        typer.echo(f"kakugo: {_sentence(str(error))}", err=True)
        raise SystemExit(1) from error


def _sentence(text: str) -> str:
    """Return the text of an error, which is also part of longer sentences, as a sentence."""
    end = "" if text.endswith((".", "!", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}"
