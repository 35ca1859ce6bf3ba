"""`kakugo …`: reads arguments, calls one function, turns a refusal into one sentence."""

from __future__ import annotations

import json
import logging
import sys
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import Failure

if TYPE_CHECKING:
    from bot.controller.tick import Controller
    from bot.domain.recipe import Programme
    from bot.domain.request import Request
    from bot.hub.client import Connection
    from bot.settings import Settings

app = typer.Typer(
    help="Name a language in a Hub discussion; get a dataset, an adapter, an evaluation, a chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
hub_app = typer.Typer(help="The local Hub: a small Hub on this machine.", no_args_is_help=True)
app.add_typer(hub_app, name="hub")
teacher_app = typer.Typer(help="The teacher.", no_args_is_help=True)
app.add_typer(teacher_app, name="teacher")


def main() -> None:
    """The console script: every expected failure is one sentence and a non-zero status."""
    try:
        app()
    except Failure as error:
        typer.echo(f"kakugo: {error}", err=True)
        raise SystemExit(1) from error


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Where the local Hub keeps everything.")] = Path(
        ".demo"
    ),
    port: Annotated[int, typer.Option(help="The local Hub's port; 0 for a free one.")] = 0,
    stay: Annotated[bool, typer.Option("--stay", help="Keep running after the result.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what is there.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write table, URLs and seconds here.")
    ] = None,
) -> None:
    """The whole story on this machine: a discussion titled `Esperanto` to a better model."""
    from bot.demo.run import run

    run(data, port, stay, fresh, json_file)


@app.command()
def serve() -> None:
    """Run the bot: a webhook doorbell and a timer."""
    from bot.controller import serve as server
    from bot.hub.client import Refused

    settings, controller = _controller()
    if not settings.webhook_secret:
        raise Refused("KAKUGO_WEBHOOK_SECRET is not set: without it anybody could ring the bell")
    typer.echo(f"{controller.hub.me} watches {controller.terms.org} on {settings.endpoint}")
    server.serve(
        controller,
        settings.webhook_secret,
        settings.host,
        settings.port,
        settings.poll_seconds,
    )


@app.command()
def tick(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Go on while a request is under way.")
    ] = False,
) -> None:
    """Look once, do what is due, and go home (for cron, a scheduled Job or a webhook's Job)."""
    from bot.controller.until_idle import hint, shift
    from bot.hub.other_bots import older_at_work

    settings, controller = _controller()
    first = hint(settings.payload)
    if until_idle:
        relieved = partial(older_at_work, controller.hub, settings.job_id)
        for line in shift(controller, first, settings.poll_seconds, relieved):
            typer.echo(line)
        return
    report = controller.tick([first] if first else [])
    for line in (*report.why, *report.left):
        typer.echo(line)
    raise SystemExit(1 if report.left else 0)


@app.command()
def plan() -> None:
    """Show what a tick would do now, and do nothing."""
    from bot.operations import report

    _, controller = _controller()
    page, decision, _ = controller.decide()
    for line in report.plan_lines(decision, page):
        typer.echo(line)


@app.command()
def requests(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
) -> None:
    """List the requests that are under way."""
    from bot.operations import report

    _, controller = _controller()
    for line in report.request_lines(controller.ledger.load().requests, everything):
        typer.echo(line)


@app.command()
def show(
    request: Annotated[str, typer.Argument(help="Its id, like r7, or its discussion's number.")],
) -> None:
    """Tell the whole story of one request."""
    from bot.operations import report

    _, controller = _controller()
    found = _request(controller, request)
    history = controller.ledger.history(found.id)
    for line in report.story(found, history, controller.terms):
        typer.echo(line)


@app.command()
def deploy(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")
    ] = False,
) -> None:
    """Set up the namespace: repos, wheel, endpoint, Spaces with secrets, schedule, webhook."""
    from bot.installation.diff import compare
    from bot.operations import deploy as deployment
    from bot.operations import package

    site = deployment.Site(*_house(), package.read())
    if dry_run:
        for change in compare(*site.look()):
            typer.echo(str(change))
        return
    for sentence in deployment.deploy(site):
        typer.echo(sentence)


@app.command()
def withdraw(
    code: Annotated[str, typer.Argument(help="The language's code, like gla_Latn.")],
    yes: Annotated[str, typer.Option(help="The code once more, where nobody can be asked.")] = "",
) -> None:
    """Take a language down because its speakers want it so: hide what there is, make no more."""
    from bot.language import UnknownCode, by_code
    from bot.operations import withdraw as withdrawing

    try:
        language = by_code(code)
    except UnknownCode as error:
        raise Failure(str(error)) from error
    _, controller = _controller()
    typer.echo(f"This hides every dataset and model of {language.name} in {controller.terms.org}.")
    if (yes or typer.prompt(f"Type {code} to go on")) != code:
        raise Failure("nothing was changed")
    requests = controller.ledger.load().requests
    for sentence in withdrawing.withdraw(controller.hub, language, requests):
        typer.echo(sentence)


@app.command()
def doctor() -> None:
    """Check every permission and setting, a sentence each; exit 1 when something is wrong."""
    from bot.operations import deploy as deployment
    from bot.operations import package

    findings = deployment.examined(deployment.Site(*_house(), package.read()))
    for finding in findings:
        typer.echo(str(finding))
    raise SystemExit(any(finding.mark == "bad" for finding in findings))


@app.command()
def destroy(
    everything: Annotated[
        bool, typer.Option("--everything", help="Also what people made: data, models, requests.")
    ] = False,
    yes: Annotated[str, typer.Option(help="The namespace, for when nobody can be asked.")] = "",
) -> None:
    """Take the installation down, after asking; what people made stays unless told otherwise."""
    from bot.operations import destroy as demolition

    hub, programme, settings = _house()
    changes, seen = demolition.parting(hub, programme, settings, everything)
    for change in changes:
        typer.echo(str(change))
    if all(change.sign == "=" for change in changes):
        typer.echo("nothing to take down")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise Failure(f"nobody was asked: say --yes {hub.org} if all of that should go")
        yes = typer.prompt(f"Type {hub.org} to take this down", default="", show_default=False)
    if yes != hub.org:
        raise Failure(f"{yes[:40]!r} is not {hub.org!r}: nothing was taken down")
    for line in demolition.destroy(hub, changes, seen):
        typer.echo(f"done: {line}")


@app.command()
def language(
    name: Annotated[str, typer.Argument(help="A language by any of its names or codes.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say which language and script a name means; exit 1 with the candidates when in doubt."""
    from bot.language import Candidates, find

    found = find(name)
    if isinstance(found, Candidates):
        codes = [candidate.code for candidate in found.languages]
        names = ", ".join(f"{c.name} ({c.code})" for c in found.languages) or "nothing similar"
        typer.echo(json.dumps({"candidates": codes}) if as_json else f"{found.reason}: {names}")
        raise SystemExit(1)
    facts = {key: getattr(found, key) for key in ("code", "name", "autonym", "bcp47")}
    names = " / ".join(filter(None, (found.name, found.autonym)))
    line = f"{names}: {found.code}, BCP-47 {found.bcp47}"
    typer.echo(json.dumps(facts, ensure_ascii=False) if as_json else line)


@teacher_app.command("check")
def teacher_check(
    url: Annotated[str, typer.Argument(help="Where it answers.")],
    name: Annotated[str, typer.Argument(help="The language, by any of its names or codes.")],
    base: Annotated[str, typer.Option(help="The base to be trained; the recipe's own.")] = "",
) -> None:
    """Ask it a few dozen things, and say whether training in this language is worth it."""
    from bot.language import Candidates, find
    from bot.operations import run_recipe

    found = find(name)
    if isinstance(found, Candidates):
        meant = ", ".join(f"{each.code} ({each.name})" for each in found.languages)
        perhaps = f"perhaps it is one of {meant}" if meant else "give its code, like epo_Latn"
        raise Failure(f"which language is {name!r}? {perhaps}")
    hub, programme, settings = _house()
    command = ["kakugo-recipe", "check", "--config", settings.recipe, "--org", hub.org]
    command += ["--language", found.code, "--teacher", url, "--base", base or programme.base]
    raise SystemExit(run_recipe.run(command, settings, quiet=False).returncode)


@hub_app.command("serve")
def hub_serve(
    data: Annotated[Path, typer.Option(help="The data folder.")],
    port: Annotated[int, typer.Option(help="0 for a free one.")] = 0,
    seed: Annotated[Path | None, typer.Option(help="YAML with users and orgs.")] = None,
    host: Annotated[
        str, typer.Option(help="An address that others reach makes every call need a token.")
    ] = "127.0.0.1",
) -> None:
    """Run the local Hub in the foreground; prints its URL when ready."""
    from bot.localhub import server
    from bot.localhub.core import seed as seeds

    try:
        server.serve(port, data, seed, host)
    except (server.StartError, seeds.SeedError) as error:
        raise Failure(str(error)) from error


def _request(controller: Controller, named: str) -> Request:
    wanted = named if named.startswith("r") else f"r{named}"
    for request in controller.ledger.load().requests:
        if request.id == wanted:
            return request
    raise Failure(f"there is no request {wanted[:20]!r}: `kakugo requests --all` lists them")


def _house() -> tuple[Connection, Programme, Settings]:
    """A connection whose token is known to be good, the recipe, and the settings."""
    from bot import settings as environment
    from bot.domain import recipe
    from bot.hub.client import Connection

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    settings = environment.read()
    hub = Connection(
        settings.endpoint, settings.org, settings.token, settings.job_token, settings.endpoints_url
    )
    _ = hub.me  # a wrong token is said at once
    return hub, recipe.load(settings.recipe, settings.org), settings


def _controller() -> tuple[Settings, Controller]:
    from bot.controller.ledger import Ledger
    from bot.controller.tick import Controller
    from bot.domain import names
    from bot.domain.policy import Terms
    from bot.hub.ledger_repo import Store

    hub, programme, settings = _house()
    terms = Terms(
        endpoint=settings.endpoint,
        programme=programme,
        limit_usd=settings.limit_usd,
        wheel=names.wheel(metadata.version("kakugo-bot")),
        limits=settings.limits,
        maintainers=settings.maintainers,
    )
    return settings, Controller(hub, Ledger(Store(hub, names.ledger(hub.org))), terms)


if __name__ == "__main__":
    main()
