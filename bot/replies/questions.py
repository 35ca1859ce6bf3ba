"""What is asked back before anything starts, and what is declined with its reason."""

from __future__ import annotations

from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.request import Request, Verdict
from bot.language import by_code
from bot.replies.phrases import named

MOST_OFFERS = 12


def question(request: Request) -> str:
    """One comment with the choices; the answer is read from the next one."""
    choices = request.choices
    match request.verdict:
        case Verdict.AMBIGUOUS:
            return f"That name can mean several languages. Which one is it?\n\n{_offers(choices)}"
        case Verdict.SCRIPT:
            others = "another script" if len(choices) == 1 else "other scripts"
            return f"I know this language only in {others}. {_which(choices)}"
        case Verdict.CONFIRM:
            return (
                f"Do you mean **{named(by_code(choices[0]))}**? I rather ask before anything "
                "costs money. Answer `yes`, or with the name of the language that you mean."
            )
        case Verdict.TOO_LONG:
            return f"That is too long for me. {_only_a_name()}"
        case Verdict.NO_NAME:
            return f"I found no name of a language here. {_only_a_name()}"
        case _ if choices:
            return f"I do not know a language of that name. {_which(choices)}"
        case _:
            return f"I know no language of that name, nor one with a similar name. {_only_a_name()}"


def _only_a_name() -> str:
    return (
        "If you want a language to be added, answer with its name or its code (like `gla_Latn`). "
        "If this is about something else, I leave it to people."
    )


def _which(codes: tuple[str, ...]) -> str:
    if len(codes) > 1:
        return f"Which one did you mean?\n\n{_offers(codes)}"
    return (
        f"Did you mean **{named(by_code(codes[0]))}**? Answer `yes`, or with the name or the code "
        "of the language that you mean."
    )


def _offers(codes: tuple[str, ...]) -> str:
    """A numbered list that a person can read; the rest of a long one is only counted."""
    lines = [f"{n}. {named(by_code(code))}" for n, code in enumerate(codes[:MOST_OFFERS], 1)]
    if len(codes) > MOST_OFFERS:
        lines.append(f"\nand {len(codes) - MOST_OFFERS} more.")
    return "\n".join([*lines, "", "Answer with the number, the name or the code."])


def unanswered(request: Request) -> str:
    if request.spec is None and not request.choices:
        return "I had no answer for two weeks, so I stop listening here."
    return "I had no answer for two weeks. Nothing was started; I close this discussion."


def declined(request: Request, policy: Policy) -> str:
    return f"{_reason(request, policy)}\n\nNothing was started. I close this discussion."


def _reason(request: Request, policy: Policy) -> str:
    choices = request.choices
    match request.verdict:
        case Verdict.NO_TEACHER:
            return f"I have no teacher that writes {by_code(choices[0]).name}. {_taught(policy)}"
        case Verdict.WITHDRAWN:
            return (
                f"The speakers of {by_code(choices[0]).name} have decided that no model of their "
                f"language is made here; {_profile(choices[0], policy)} says so. Thank you for "
                "asking."
            )
        case Verdict.DUPLICATE:
            num = choices[1].removeprefix("r")
            url = names.discussion_url(policy.endpoint, policy.org, int(num))
            name = by_code(choices[0]).name
            return f"{name} was asked for before: [discussion {num}]({url}) has it."
        case Verdict.NO_MODEL:
            name = by_code(choices[0]).name
            return (
                f"There is no model of {name} here yet that could be improved: ask for the "
                "language without the line `improve`."
            )
        case Verdict.TOO_MANY:
            most = policy.limits.person_requests
            return (
                f"You have {most} requests under way, which is as many as one person can have. "
                "Please ask again when one of them is done."
            )
        case Verdict.FULL:
            return (
                f"There are {policy.limits.queue} requests under way, which is as many as I can "
                "look after. Please ask again in a few days."
            )
        case other:
            raise ValueError(f"nothing is declined because of {other!r}")


def _profile(code: str, policy: Policy) -> str:
    url = names.repo_url(policy.endpoint, names.communities(policy.org), "dataset")
    return f"[their profile]({url}/blob/main/{names.profile_path(code)})"


def _taught(policy: Policy) -> str:
    languages = sorted(policy.recipe.languages or ())
    known = [by_code(code).name for code in languages[:MOST_OFFERS]]
    more = f" and {len(languages) - len(known)} more" if len(languages) > len(known) else ""
    return f"Here I can be asked for: {', '.join(known)}{more}."
