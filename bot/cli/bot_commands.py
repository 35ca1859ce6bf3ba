"""Run the bot and look at its requests: serve, tick, plan, requests, show."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import connection
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.controller.tick import Controller
    from bot.domain.request import Request


def serve() -> None:
    """Run the bot: receive webhooks, and check the Hub regularly."""
    from bot.controller import serve as server

    settings, controller = connection.controller()
    if not settings.webhook_secret:
        raise UserError(
            "KAKUGO_WEBHOOK_SECRET is not set; without it, anyone could trigger the bot"
        )
    with server.listen(settings.host, settings.port) as listener:
        typer.echo(f"{controller.hub.me} watches {controller.policy.org} on {settings.endpoint}")
        server.serve(controller, settings.webhook_secret, listener, settings.poll_seconds)


def tick(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Repeat while a request is in progress.")
    ] = False,
) -> None:
    """Check the Hub once, do what is due, and exit."""
    from bot.controller.until_idle import discussion_of, run_until_idle
    from bot.hub.other_bots import is_older_bot_alive

    settings, controller = connection.controller()
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


def plan() -> None:
    """Show what a tick would do now, without doing it."""
    from bot.operations import report

    _, controller = connection.controller()
    snapshot, decision = controller.decide()
    for line in report.plan_lines(decision, snapshot):
        typer.echo(line)


def requests(
    everything: Annotated[bool, typer.Option("--all", help="Include finished requests.")] = False,
) -> None:
    """List the requests that are in progress."""
    from bot.operations import report

    _, controller = connection.controller()
    snapshot = controller.ledger.load()
    for line in report.request_lines(snapshot.requests, everything):
        typer.echo(line)
    for reason in snapshot.unreadable.values():
        typer.echo(reason)


def show(
    request: Annotated[
        str, typer.Argument(help="The request's id, like r7, or its discussion's number.")
    ],
) -> None:
    """Show one request in detail, with its history."""
    from bot.operations import report

    _, controller = connection.controller()
    record = _request(controller, request)
    history = controller.ledger.history(record.id)
    for line in report.details(record, history, controller.policy):
        typer.echo(line)


def _request(controller: Controller, name: str) -> Request:
    """Return a request by its id or its discussion's number. Raises UserError."""
    wanted = name if name.startswith("r") else f"r{name}"
    snapshot = controller.ledger.load()
    for request in snapshot.requests:
        if request.id == wanted:
            return request
    if wanted in snapshot.unreadable:
        raise UserError(snapshot.unreadable[wanted])
    raise UserError(f"there is no request {name[:20]!r}: `kakugo requests --all` lists them all")
