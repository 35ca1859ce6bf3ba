"""The replies to commands in comments. The ledger keeps each as it was written."""

from __future__ import annotations

from bot.domain.costs import Estimate
from bot.domain.policy import Policy
from bot.domain.request import Command, Request, Status, Verdict
from bot.replies.phrases import at_most, code_list, minutes, money
from bot.replies.status import headline

_VERBS = {
    Command.CANCEL: "stop",
    Command.RETRY: "retry",
    Command.APPROVE: "approve",
}


_THANKS = {Command.APPROVE: "Thank you for the approval"}


def current_status(request: Request) -> str:
    now = f"Current status: {headline(request)}."
    if request.spec is None or request.status is Status.DECLINED:
        return now
    return f"{now} Spent so far: {money(request.spent_usd)}. The table above is always up to date."


def estimate(request: Request, cost: Estimate) -> str:
    total_usd = request.spec.estimate_usd if request.spec else cost.total_usd
    return (
        f"This should cost {money(total_usd)} and take about {minutes(cost.minutes)}. If every "
        f"step succeeds at its first attempt, it will cost {at_most(cost.ceiling_usd)}."
    )


def unknown_command(policy: Policy) -> str:
    return f"I do not know this command. {help_text(policy)}"


def help_text(policy: Policy) -> str:
    bases, licences = code_list(policy.recipe.bases), code_list(policy.recipe.licences)
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
            "- `/help`: see this list",
            "",
            "A new discussion needs only the name of a language as its title. In its text you can "
            "choose more, each in a line of its own:",
            "",
            f"- `base: NAME`: the small model to train; available: {bases}",
            "- `licence: NAME`: the licence of the dataset"
            + (f"; available: {licences}" if licences else ""),
            "- `variant: NAME`: a dialect or a spelling that speakers describe in their profile",
            "- `/improve`: not a new model, but the next version of the existing one, trained on "
            "the corrections of speakers; it starts when a steward or a maintainer wants it",
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


def not_applicable(command: Command, request: Request) -> str:
    return f"There is nothing to {_VERBS[command]} here: the status is “{headline(request)}”."


def closed(command: Command) -> str:
    return (
        "This discussion is closed. Please reopen it first (the button is below the comments), and "
        f"then write `/{command.value}` again."
    )


def reopened(request: Request) -> str:
    """Say what can be done in a discussion that somebody has opened again."""
    if request.status is Status.FAILED:
        return (
            "You have reopened this discussion. Write `/retry`, and I will try again; what is "
            "finished stays."
        )
    state = f"This request is {headline(request)}"
    if request.status is Status.DONE:
        return (
            f"{state}: the results are above. To make a better version from the corrections of "
            "speakers, open a discussion with the language's name as its title and the line "
            "`/improve` in its text. I am closing this discussion again."
        )
    return (
        f"{state}, and I cannot continue it. To ask again, open a new discussion with the name of "
        "the language as its title. I am closing this one again."
    )


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


def continues_tomorrow(command: Command) -> str:
    return (
        f"{_THANKS.get(command, 'OK')}. The budget of today, or yours for today, has no room for "
        "this, so I will continue as soon as there is room, usually after midnight (UTC)."
    )


def continues(command: Command) -> str:
    return (
        f"{_THANKS.get(command, 'OK')}. I will continue after the last finished step. The table "
        "above shows the progress."
    )
