"""The command line `kakugo`: read arguments, call one function, report errors in one sentence."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import UserError

if TYPE_CHECKING:
    from bot.controller.tick import Controller
    from bot.domain.recipe import Recipe
    from bot.domain.request import Request
    from bot.hub.client import Connection
    from bot.language import Candidates
    from bot.settings import Settings

app = typer.Typer(
    help="Name a language in a Hub discussion; get a dataset, an adapter, an evaluation, a chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
hub_app = typer.Typer(help="Run and check the local Hub.", no_args_is_help=True)
app.add_typer(hub_app, name="hub")
teacher_app = typer.Typer(help="Test a teacher.", no_args_is_help=True)
app.add_typer(teacher_app, name="teacher")


def main() -> None:
    """Run the command line; an expected error prints one sentence and exits with 1."""
    # A shell without job control starts background commands with SIGINT ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except UserError as error:
        typer.echo(f"kakugo: {error}", err=True)
        raise SystemExit(1) from error


@app.command()
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
    """Play a whole request on this machine, from a discussion to a better model."""
    with _needs_checkout("kakugo demo"):
        from bot.demo.run import run

    run(data, port, stay, fresh, json_file)


@app.command()
def serve() -> None:
    """Run the bot: react to webhooks, and look for news at regular intervals."""
    from bot.controller import serve as server

    settings, controller = _controller()
    if not settings.webhook_secret:
        raise UserError(
            "KAKUGO_WEBHOOK_SECRET is not set; without it, anyone could trigger the bot"
        )
    typer.echo(f"{controller.hub.me} watches {controller.policy.org} on {settings.endpoint}")
    secret, host, port = settings.webhook_secret, settings.host, settings.port
    server.serve(controller, secret, host, port, settings.poll_seconds)


@app.command()
def tick(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Repeat while a request is under way.")
    ] = False,
) -> None:
    """Look at the Hub once, do what is due, and exit (for cron or a Job)."""
    from bot.controller.until_idle import discussion_of, run_until_idle
    from bot.hub.other_bots import is_older_bot_alive

    settings, controller = _controller()
    first = discussion_of(settings.webhook_payload)
    if until_idle:
        is_replaced = partial(is_older_bot_alive, controller.hub, settings.job_id)
        for line in run_until_idle(controller, first, settings.poll_seconds, is_replaced):
            typer.echo(line)
        return
    report = controller.tick([first] if first else [])
    for line in (*report.summaries, *report.postponed):
        typer.echo(line)
    raise SystemExit(1 if report.postponed else 0)


@app.command()
def plan() -> None:
    """Show what a tick would do now, without doing it."""
    from bot.operations import report

    _, controller = _controller()
    snapshot, decision, _ = controller.decide()
    for line in report.plan_lines(decision, snapshot):
        typer.echo(line)


@app.command()
def requests(
    everything: Annotated[bool, typer.Option("--all", help="Include finished requests.")] = False,
) -> None:
    """List the requests that are under way."""
    from bot.operations import report

    _, controller = _controller()
    for line in report.request_lines(controller.ledger.load().requests, everything):
        typer.echo(line)


@app.command()
def show(
    request: Annotated[
        str, typer.Argument(help="The request's id, like r7, or its discussion's number.")
    ],
) -> None:
    """Show one request in detail, with its history."""
    from bot.operations import report

    _, controller = _controller()
    record = _request(controller, request)
    history = controller.ledger.history(record.id)
    for line in report.details(record, history, controller.policy):
        typer.echo(line)


@app.command()
def deploy(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences without applying them.")
    ] = False,
) -> None:
    """Create or update the installation."""
    from bot.installation.diff import compare
    from bot.operations import deploy as deployment
    from bot.operations import package

    target = deployment.Deployment(*_connect(), package.read())
    if dry_run:
        for change in compare(*target.states()):
            typer.echo(str(change))
        return
    for line in deployment.deploy(target):
        typer.echo(line)


@app.command()
def withdraw(
    code: Annotated[str, typer.Argument(help="The language's code, like gla_Latn.")],
    yes: Annotated[
        str, typer.Option(help="Repeat the code here to skip the confirmation.", metavar="CODE")
    ] = "",
) -> None:
    """Take a language down at the request of its speakers."""
    from bot.language import UnknownCode, by_code
    from bot.operations import withdraw as withdrawal

    try:
        language = by_code(code)
    except UnknownCode as error:
        raise UserError(str(error)) from error
    _, controller = _controller()
    typer.echo(
        f"This hides all datasets and models of {language.name} in {controller.policy.org}, closes "
        "its requests, deletes its results and feedback, and refuses new requests."
    )
    _confirm(code, yes)
    ledger = controller.ledger.load()
    for line in withdrawal.withdraw(controller.hub, language, ledger.requests):
        typer.echo(line)


@app.command()
def doctor() -> None:
    """Check permissions, settings and the installation; exit with 1 if something is wrong."""
    from bot.operations import deploy as deployment
    from bot.operations import package

    findings = deployment.check(deployment.Deployment(*_connect(), package.read()))
    for finding in findings:
        typer.echo(str(finding))
    raise SystemExit(any(finding.level == "bad" for finding in findings))


@app.command()
def destroy(
    everything: Annotated[
        bool, typer.Option("--everything", help="Also delete datasets, models and requests.")
    ] = False,
    yes: Annotated[
        str, typer.Option(help="The namespace, to skip the confirmation.", metavar="ORG")
    ] = "",
) -> None:
    """Take the installation down; what people have made is kept unless you say otherwise."""
    from bot.operations import destroy as removal

    hub, recipe, settings = _connect()
    changes, actual = removal.plan_removal(hub, recipe, settings, everything)
    for change in changes:
        typer.echo(str(change))
    if all(change.sign == "=" for change in changes):
        typer.echo("nothing to do: the installation is down")
        return
    _confirm(hub.org, yes)
    for line in removal.destroy(hub, changes, actual):
        typer.echo(f"done: {line}")


@app.command()
def language(
    name: Annotated[str, typer.Argument(help="A language by any of its names, tags or codes.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which language and script a name means; exit with 1 if it is not clear."""
    from bot.language import Candidates, find

    match = find(name)
    if isinstance(match, Candidates):
        codes = [candidate.code for candidate in match.languages]
        text = json.dumps({"candidates": codes}) if as_json else _question(name, match)
        typer.echo(text)
        raise SystemExit(1)
    if as_json:
        facts = {key: getattr(match, key) for key in ("code", "name", "autonym", "bcp47")}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        names = " / ".join(filter(None, (match.name, match.autonym)))
        typer.echo(f"{names}: {match.code}, BCP-47 {match.bcp47}")


@teacher_app.command("check")
def teacher_check(
    url: Annotated[str, typer.Argument(help="The URL of the teacher.")],
    name: Annotated[str, typer.Argument(help="A language by any of its names, tags or codes.")],
    base: Annotated[str, typer.Option(help="The base model; by default the recipe's.")] = "",
) -> None:
    """Find out in a few minutes whether a teacher is good enough in a language."""
    from bot.language import Candidates, find
    from bot.operations import run_recipe

    match = find(name)
    if isinstance(match, Candidates):
        raise UserError(_question(name, match))
    hub, recipe, settings = _connect()
    command = ["kakugo-recipe", "check", "--config", settings.recipe, "--org", hub.org]
    command += ["--language", match.code, "--teacher", url, "--base", base or recipe.base]
    raise SystemExit(run_recipe.run(command, settings, capture=False).returncode)


@hub_app.command("serve")
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
        typer.Option(metavar="NAME=VALUE", help="Be less strict than the real Hub; repeatable."),
    ] = None,
) -> None:
    """Run the local Hub in the foreground and print its URL when it is ready."""
    with _needs_checkout("kakugo hub serve"):
        from bot.localhub import server
        from bot.localhub.core import rules
        from bot.localhub.core.seed import SeedError

    try:
        server.serve(port, data, seed, host, rules.parse(rule or ()))
    except (server.StartError, SeedError, rules.RuleError) as error:
        raise UserError(str(error)) from error


@hub_app.command("contract")
def hub_contract(
    spec: Annotated[str, typer.Option(help="The URL or file of an OpenAPI document.")],
) -> None:
    """Compare the local Hub's contract with the Hub's documentation; exit with 1 if they differ."""
    with _needs_checkout("kakugo hub contract"):
        from bot.localhub.contract import drift

    try:
        raise SystemExit(drift.run(spec, sys.stdout))
    except drift.DocumentError as error:
        raise UserError(str(error)) from error


@contextmanager
def _needs_checkout(command: str) -> Iterator[None]:
    """Turn a missing module into a UserError: the wheel has neither the local Hub nor the demo."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"`{command}` needs a checkout of the repository: clone it and run "
            f"`pip install -e '.[local]'` in it ({error.name} is missing here)"
        ) from error


def _confirm(expected: str, answer: str) -> None:
    """Ask the operator to type `expected`, unless it is already the answer of `--yes`."""
    if not answer:
        if not sys.stdin.isatty():
            raise UserError(f"confirm with --yes {expected}: nobody can type it here")
        answer = typer.prompt(f"Type {expected} to continue", default="", show_default=False)
    if answer != expected:
        raise UserError(f"{answer[:40]!r} is not {expected!r}: nothing was changed")


def _question(name: str, candidates: Candidates) -> str:
    """Return the sentence that asks for a clearer name."""
    languages = ", ".join(f"{each.name} ({each.code})" for each in candidates.languages)
    name = repr(name[:60])
    if not languages:
        return f"{name} is not a known language: try its English name or its code, like epo_Latn"
    if candidates.reason == "ambiguous":
        return f"{name} has several meanings, choose one: {languages}"
    if candidates.reason == "script":
        return f"{name} is not written in this script, choose one: {languages}"
    return f"{name} is not a known language; similar names: {languages}"


def _request(controller: Controller, name: str) -> Request:
    """Return a request by its id or its discussion's number. Raises UserError."""
    wanted = name if name.startswith("r") else f"r{name}"
    for request in controller.ledger.load().requests:
        if request.id == wanted:
            return request
    raise UserError(f"there is no request {wanted[:20]!r}: `kakugo requests --all` lists them all")


def _connect() -> tuple[Connection, Recipe, Settings]:
    """Return a connection with a working token, the recipe, and the settings."""
    from bot import settings as environment
    from bot.domain import recipe
    from bot.hub.client import Connection

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    settings = environment.read()
    hub = Connection(
        settings.endpoint, settings.org, settings.token, settings.job_token, settings.endpoints_url
    )
    _ = hub.me  # a wrong token fails here, not in the middle of the command
    return hub, recipe.load(settings.recipe, settings.org), settings


def _controller() -> tuple[Settings, Controller]:
    from bot.controller.ledger import Ledger
    from bot.controller.tick import Controller
    from bot.domain import names
    from bot.domain.policy import Policy
    from bot.hub.ledger_repo import LedgerRepo

    hub, recipe, settings = _connect()
    policy = Policy(
        endpoint=settings.endpoint,
        recipe=recipe,
        limit_usd=settings.limit_usd,
        wheel=names.wheel(metadata.version("kakugo-bot")),
        limits=settings.limits,
        maintainers=settings.maintainers,
    )
    return settings, Controller(hub, Ledger(LedgerRepo(hub, names.ledger(hub.org))), policy)


if __name__ == "__main__":
    main()
