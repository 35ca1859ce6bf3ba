"""Replies to commands; each is kept in the ledger as it was said."""

from __future__ import annotations

from bot.domain.costs import Estimate
from bot.domain.request import Command, Request, Verdict
from bot.replies.course import headline
from bot.replies.phrases import minutes, money

_DEEDS = {
    Command.CANCEL: "stop",
    Command.RETRY: "try again",
    Command.APPROVE: "approve",
}


def told_status(request: Request) -> str:
    now = f"As of now: {headline(request)}."
    if request.spec is None:
        return now
    return f"{now} Spent so far: {money(request.spent_usd)}. The table above is kept up to date."


def told_estimate(request: Request, cost: Estimate) -> str:
    agreed = request.spec.estimate_usd if request.spec else cost.total_usd
    return (
        f"All of it should cost {money(agreed)} and take about {minutes(cost.minutes)}; one "
        f"attempt at each can never cost more than {money(cost.ceiling_usd)}."
    )


def told_help() -> str:
    return "\n".join(
        [
            "You can write, as a comment:",
            "",
            "- `/status`: how far it is",
            "- `/estimate`: what it should cost",
            "- `/cancel`: stop everything",
            "- `/retry`: try again after a failure",
            "- `/approve`: let it cost more than I may spend by myself (maintainers)",
            "",
            "To have a finished model learn what speakers corrected, open a discussion with the "
            "name of its language and the line `/improve` in its text.",
            "",
            "I listen to whoever opened the discussion and to the maintainers.",
        ]
    )


def not_yours(command: Command) -> str:
    if command is Command.APPROVE:
        return "Only a maintainer can approve what this costs."
    return "I take that only from whoever opened this discussion and from the maintainers."


def nothing_to(command: Command) -> str:
    return f"There is nothing to {_DEEDS[command]} here."


def needs_approval(why: Verdict) -> str:
    if why is Verdict.HOPELESS:
        return "Going on in spite of the advice above is for a maintainer to decide: `/approve`."
    return "Trying again would cost more than this request may: a maintainer has to `/approve` it."


def was_withdrawn() -> str:
    return "The speakers of this language have withdrawn it: I start nothing more here."


def goes_on(command: Command) -> str:
    thanks = "Thank you: approved" if command is Command.APPROVE else "All right"
    return f"{thanks}. I go on from what is finished; the table above shows how far it is."
