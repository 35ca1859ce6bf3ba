"""The installation on the Hub: deploy, doctor, withdraw, destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import connection
from bot.cli.confirm import confirm
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.language import Candidates, Language


def deploy(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences without applying them.")
    ] = False,
) -> None:
    """Create or update the installation."""
    from bot.operations import deploy as deployment
    from bot.operations import findings, package

    target = deployment.Deployment(*connection.connect(), package.read())
    if dry_run:
        lines, obstacles = deployment.preview(target)
        for line in (*lines, *findings.table(obstacles)):
            typer.echo(line)
        raise SystemExit(bool(obstacles))
    for line in deployment.deploy(target):
        typer.echo(line)


def withdraw(
    code: Annotated[str, typer.Argument(help="The language's code, like gla_Latn.")],
    yes: Annotated[
        str, typer.Option(help="Repeat the code here to skip the confirmation.", metavar="CODE")
    ] = "",
) -> None:
    """Take a language down at the request of its speakers."""
    from bot.language import UnknownCode, by_code, find
    from bot.operations import withdraw as withdrawal

    try:
        language = by_code(code)
    except UnknownCode as error:
        raise UserError(f"{error}{_meant(find(code))}") from error
    _, controller = connection.controller()
    typer.echo(
        f"This hides all datasets and models of {language.name} in {controller.policy.org}, closes "
        "its requests, deletes its results and feedback, and declines new requests."
    )
    confirm(code, yes)
    ledger = controller.ledger.load()
    for line in withdrawal.withdraw(controller.hub, language, ledger.requests):
        typer.echo(line)


def _meant(match: Language | Candidates) -> str:
    """Return the codes that somebody may have meant who wrote a name, as the end of a sentence."""
    from bot.language import Candidates

    languages = match.languages if isinstance(match, Candidates) else (match,)
    codes = ", ".join(f"{each.code} ({each.name})" for each in languages)
    return f"; did you mean {codes}?" if codes else ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check permissions, settings and the installation.

    Exits with 1 if something is wrong.
    """
    from bot.operations import deploy as deployment
    from bot.operations import findings, package

    results: tuple[findings.Finding, ...]
    try:
        target = deployment.Deployment(*connection.connect(), package.read())
    except UserError as error:  # nothing else can be checked then
        results = (findings.Finding("bad", _check_of(error), str(error)),)
    else:
        results = deployment.check(target)
    if as_json:
        typer.echo(findings.to_json(results))
    else:
        for line in findings.table(results):
            typer.echo(line)
    raise SystemExit(bool(findings.bad(results)))


def _check_of(error: UserError) -> str:
    """Return what is wrong if the doctor cannot begin: a variable, the recipe or the network."""
    from bot.domain.recipe import InvalidRecipe
    from bot.settings import SettingsError

    if isinstance(error, SettingsError):
        return "settings"
    return "recipe" if isinstance(error, InvalidRecipe) else "connection"


def destroy(
    everything: Annotated[
        bool, typer.Option("--everything", help="Also delete datasets, models and requests.")
    ] = False,
    yes: Annotated[
        str, typer.Option(help="The namespace, to skip the confirmation.", metavar="ORG")
    ] = "",
) -> None:
    """Take the installation down; what people have made is kept.

    With --everything, that is deleted too.
    """
    from bot.operations import destroy as removal

    hub, recipe, settings = connection.connect()
    changes, actual = removal.plan_removal(hub, recipe, settings, everything)
    for change in changes:
        typer.echo(str(change))
    if all(change.sign == "=" for change in changes):
        typer.echo("nothing to do: the installation is down")
        return
    confirm(hub.org, yes)
    for line in removal.destroy(hub, changes, actual):
        typer.echo(f"done: {line}")
