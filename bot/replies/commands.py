"""The replies to commands in comments. The ledger keeps each as it was written."""

from __future__ import annotations

from bot.domain.costs import Estimate
from bot.domain.request import Command, Request, Verdict
from bot.replies.phrases import minutes, money
from bot.replies.status import headline

_VERBS = {
    Command.CANCEL: "stop",
    Command.RETRY: "retry",
    Command.APPROVE: "approve",
}


def current_status(request: Request) -> str:
    now = f"Current status: {headline(request)}."
    if request.spec is None:
        return now
    return f"{now} Spent so far: {money(request.spent_usd)}. The table above is always up to date."


def estimate(request: Request, cost: Estimate) -> str:
    total_usd = request.spec.estimate_usd if request.spec else cost.total_usd
    return (
        f"This should cost {money(total_usd)} and take about {minutes(cost.minutes)}. If every "
        f"step succeeds at its first attempt, it will cost at most {money(cost.ceiling_usd)}."
    )


def help_text() -> str:
    return "\n".join(
        [
            "You can write these commands in a comment:",
            "",
            "- `/status`: see which step the request is at",
            "- `/estimate`: see what it should cost",
            "- `/cancel`: stop everything",
            "- `/retry`: try again after a failure",
            "- `/approve`: let me start or continue (only for maintainers, and for stewards when a "
            "request waits for the decision of the language's speakers)",
            "",
            "To make a new version of a model with the corrections of speakers, open a discussion "
            "with the language's name as its title and the line `/improve` in its text.",
            "",
            "I follow commands from the person who opened the discussion and from maintainers.",
        ]
    )


def not_allowed(command: Command) -> str:
    if command is Command.APPROVE:
        return (
            "Only a maintainer can approve this. If the request waits for the speakers' decision, "
            "a steward (somebody who decides for the language) can approve it too."
        )
    return "Only the person who opened this discussion and maintainers can use this command."


def not_applicable(command: Command) -> str:
    return f"There is nothing to {_VERBS[command]} here."


def needs_approval(verdict: Verdict) -> str:
    if verdict is Verdict.HOPELESS:
        return (
            "The teacher (the large model that writes the data) did not pass the test in this "
            "language. A maintainer can write `/approve` to continue anyway."
        )
    return "Another attempt would exceed the budget, so a maintainer has to write `/approve`."


def withdrawn() -> str:
    return (
        "The speakers of this language have decided against models of it, so I will not start "
        "anything."
    )


def continues(command: Command) -> str:
    thanks = "Thank you for the approval" if command is Command.APPROVE else "OK"
    return (
        f"{thanks}. I will continue after the last finished step. The table above shows the "
        "progress."
    )
