"""Questions before a request is accepted, and reasons to decline one."""

from __future__ import annotations

from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Verdict
from bot.language import by_code
from bot.replies.phrases import join, language_name, plural, practice_note

MAX_CHOICES = 12


def question(request: Request) -> str:
    """Ask which language is meant; the next comment is read as the answer."""
    choices = request.choices
    match request.verdict:
        case Verdict.AMBIGUOUS:
            return f"{_several(choices)} Which one?\n\n{_choices(choices)}"
        case Verdict.SCRIPT:
            return f"I know this language, but not in this script. {_did_you_mean(choices)}"
        case Verdict.CONFIRM:
            return f"{_did_you_mean(choices)} I am asking because the work costs money."
        case Verdict.TOO_LONG:
            return f"This text is too long for me. {_answer_with_a_name()}"
        case Verdict.NO_NAME:
            return f"I cannot find the name of a language here. {_answer_with_a_name()}"
        case _ if choices:
            return f"I am not sure which language this is. {_did_you_mean(choices)}"
        case _:
            return (
                "I do not know a language with this name, or one with a similar name. "
                f"{_answer_with_a_name()}"
            )


def _several(codes: tuple[str, ...]) -> str:
    """Say that a name can mean several languages, or one language in several scripts."""
    languages = {code.split("_")[0] for code in codes}
    scripts = {code.split("_")[1] for code in codes}
    if len(languages) == 1 and len(scripts) == len(codes):
        return "This language is written in several scripts."
    return "This name can mean several languages."


def _answer_with_a_name() -> str:
    return (
        "If you want to request a language, answer with its name or its code (like `gla_Latn`). "
        "If this is about something else, please ignore this comment."
    )


def _did_you_mean(codes: tuple[str, ...]) -> str:
    if len(codes) > 1:
        return f"Which one do you mean?\n\n{_choices(codes)}"
    return (
        f"Do you mean **{language_name(by_code(codes[0]))}**? Answer `yes`, or write the name or "
        "the code of the language that you mean."
    )


def _choices(codes: tuple[str, ...]) -> str:
    """Return a numbered list."""
    shown = _shown(codes)
    lines = [f"{number}. {language_name(by_code(code))}" for number, code in enumerate(shown, 1)]
    if len(codes) > len(shown):
        lines.append(f"\nand {len(codes) - len(shown)} more.")
    return "\n".join([*lines, "", "Answer with the number, the name or the code."])


def _shown(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes that a list shows: of more than 13, the first dozen."""
    return codes if len(codes) == MAX_CHOICES + 1 else codes[:MAX_CHOICES]


def not_understood(request: Request) -> str:
    """Say what can be answered to the question, after a comment that is no answer."""
    name = "the language's name, best in English or in itself, or its code (like `gla_Latn`)"
    match len(_shown(request.choices)):
        case 0:
            return (
                f"I do not know a language with this name. Please write {name}. If this is about "
                "something else, please ignore this comment."
            )
        case 1:
            answers = "`yes`"
        case 2:
            answers = "`1` or `2`"
        case count:
            answers = f"a number from 1 to {count}"
    return f"I did not understand this answer. Please write {answers}, or {name}."


def unanswered(request: Request) -> str:
    if request.spec is not None:
        event = "Nobody approved this request"
    elif request.choices:
        event = "Nobody answered my question"
    else:
        return (
            "Nobody answered my question for two weeks, so I will not read this discussion any "
            "more."
        )
    return f"{event} for two weeks, so I am closing this discussion. Nothing was started."


def declined(request: Request, policy: Policy) -> str:
    return f"{_reason(request, policy)}\n\nNothing was started. I am closing this discussion."


def _reason(request: Request, policy: Policy) -> str:
    choices = request.choices
    match request.verdict:
        case Verdict.NO_TEACHER:
            reason = f"The large model that I use cannot teach {by_code(choices[0]).name}. "
            return "\n".join([reason + _taught(policy), *practice_note(policy.recipe.practice)])
        case Verdict.WITHDRAWN:
            return (
                f"The speakers of {by_code(choices[0]).name} have decided against models of their "
                f"language here: see {_profile(choices[0], policy)}. Thank you for asking."
            )
        case Verdict.DUPLICATE:
            return _duplicate(request, policy)
        case Verdict.NO_MODEL:
            return (
                f"There is no model for {by_code(choices[0]).name} to improve yet. To request one, "
                "open a discussion without the line `/improve`."
            )
        case Verdict.TOO_FEW:
            return _too_few(request, policy)
        case Verdict.TOO_MANY:
            count = plural(policy.limits.person_requests, "request")
            return (
                f"You already have {count} in progress, which is the limit for one person. "
                "Please ask again when one of them is finished, or close one that you no longer "
                "need."
            )
        case Verdict.FULL:
            count = plural(policy.limits.queue, "request")
            return (
                f"I already have {count} in progress, which is my limit. Please ask again in a "
                "few days."
            )
        case other:
            raise ValueError(f"no request is declined because of {other!r}")


def _duplicate(request: Request, policy: Policy) -> str:
    """Say where the request is that was first, and where its results are or will be."""
    code, first_id, *status = request.choices  # old records have no status
    name, num = by_code(code).name, first_id.removeprefix("r")
    url = names.discussion_url(policy.endpoint, policy.org, int(num))
    first = f"{name} was already requested in [discussion {num}]({url})."
    if request.spec is None or request.spec.improves:
        return first
    model = names.adapter(policy.org, request.spec.base, request.spec.key)
    links = {
        "the chat": names.repo_url(policy.endpoint, names.chat(policy.org), "space"),
        "the model's repository": names.repo_url(policy.endpoint, model, "model"),
    }
    places = join([f"[{text}]({link})" for text, link in links.items()])
    when = (
        "Its result is" if status == [Status.DONE] else "When that request is done, its result is"
    )
    return (
        f"{first} {when} in {places}. If the model makes "
        "mistakes, please correct them in the chat: a discussion with the line `/improve` in its "
        "text turns the corrections into the next version."
    )


def _too_few(request: Request, policy: Policy) -> str:
    """Say how many corrections there are and how many a next version needs."""
    code, rows, fewest = request.choices
    chat = names.repo_url(policy.endpoint, names.chat(policy.org), "space")
    return (
        f"The next version of the model for {by_code(code).name} needs at least "
        f"{plural(int(fewest), 'correction')} that a steward or a maintainer has accepted, and "
        f"feedback on only {plural(int(rows), 'answer')} is stored so far; what was sent in the "
        f"last minutes may be missing. Please correct answers in [the chat]({chat}), and ask again "
        "when there are enough."
    )


def _profile(code: str, policy: Policy) -> str:
    url = names.repo_url(policy.endpoint, names.communities(policy.org), "dataset")
    return f"[their profile]({url}/blob/main/{names.profile_path(code)})"


def _taught(policy: Policy) -> str:
    codes = sorted(policy.recipe.languages or ())
    languages = [by_code(code).name for code in codes[:MAX_CHOICES]]
    more = f" and {len(codes) - len(languages)} more" if len(codes) > len(languages) else ""
    return f"You can request {', '.join(languages)}{more}."
