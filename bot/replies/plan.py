"""The first reply to an accepted request: what happens, what it costs, who has to approve it."""

from __future__ import annotations

from bot.domain import steps
from bot.domain.policy import Policy
from bot.domain.request import Request, Spec, Status, Step, Verdict
from bot.replies.phrases import (
    at_most,
    check_result,
    code_list,
    join,
    language_name,
    minutes,
    money,
    practice_note,
    sentence,
)

# The options of `bot/parsing/options.py` that have available values, without the synonyms.
OPTIONS = ("base", "licence", "variant")

_UNAPPROVED = "If nobody does within two weeks, I will close this discussion."


def plan(request: Request, policy: Policy) -> str:
    spec = request.agreed_spec
    infos = steps.of(spec)
    settings = [policy.recipe.steps[info.step].with_fertility(spec.fertility) for info in infos]
    expected = sum(each.expected_minutes for each in settings)
    subject = "the next version of the model for " if spec.improves else ""
    lines = [
        f"Hello! You are asking for {subject}**{language_name(spec.language)}**, if I understand "
        "you correctly.",
        "",
        "My plan:",
        "",
        *(f"{number}. {sentence(info.description)}" for number, info in enumerate(infos, 1)),
        "",
        f"This should take about {minutes(expected)} and cost **{money(spec.estimate_usd)}**"
        f"{_assumption(request, policy)}.{_approval(request, policy)}",
        *_options(spec, policy),
        *_check_result(request),
        "",
        "If this is not the language that you mean, write `/cancel` or close this discussion, and "
        "I will stop. To see all commands, write `/help`.",
    ]
    return "\n".join([*lines, *practice_note(policy.recipe.practice)])


def _assumption(request: Request, policy: Policy) -> str:
    """Name what the estimate assumes, if the teacher has most of the work."""
    speed, spec = policy.recipe.tokens_per_second, request.agreed_spec
    if not speed or spec.improves:
        return ""
    per_second = f", if the teacher writes {speed:,.0f} tokens (pieces of words) a second"
    if not spec.fertility:
        return per_second
    return f"{per_second} and needs {spec.fertility:.2g} in this language for each one in English"


def _approval(request: Request, policy: Policy) -> str:
    """Say whether the request starts soon, or who has to approve it first.

    The text starts with a space. It is empty after a failure, whose reply says what comes next.
    """
    spec = request.agreed_spec
    if request.verdict is Verdict.COMMUNITY and spec.improves:
        return (
            " A new version needs the approval of somebody who is responsible for the language. I "
            "will start when one of its stewards (the people who decide for the language) or a "
            "maintainer writes `/approve`. The version learns only from what they have accepted in "
            "the chat. "
            f"{_UNAPPROVED}"
        )
    if request.verdict is Verdict.COMMUNITY:
        return (
            " The speakers of this language want to decide first. I will start when one of their "
            "stewards (the people who decide for the language) or a maintainer writes `/approve`. "
            f"{_UNAPPROVED}"
        )
    if request.status is Status.HELD:
        return (
            f" I may spend only ${policy.limit_usd:.2f} without approval, so I will start when a "
            f"maintainer writes `/approve`. {_UNAPPROVED}"
        )
    if request.status is Status.FAILED:
        return ""
    approved = " A maintainer has approved this." if spec.cap_usd > policy.limit_usd else ""
    cap = f" and spend {at_most(spec.cap_usd)}" if spec.cap_usd else ""
    return f"{approved} I will start soon{cap}. The next comment shows the progress."


def _check_result(request: Request) -> list[str]:
    note = request.step(Step.CHECK).note
    if not note:
        return []
    return ["", f"I have tested the teacher in this language. Result: {check_result(note)}."]


def _options(spec: Spec, policy: Policy) -> list[str]:
    """Say which options are used, not available, or not understood."""
    sentences: list[str] = []
    if spec.base != policy.recipe.base:
        sentences.append(f"I will train `{spec.base}`, as you asked.")
    if spec.variant:
        sentences.append(f"I will use the variant `{spec.variant}`, as its speakers describe it.")
    if spec.licence:
        sentences.append(
            f"What the teacher writes will have the licence `{spec.licence}`; text from other "
            "datasets keeps its own."
        )
    if spec.refused_options:
        options = join([f"*{option}*" for option in spec.refused_options])
        sentences += [f"I cannot use your choice of {options}.", *_alternatives(spec, policy)]
    if spec.unread_lines:
        numbers = join([str(number) for number in spec.unread_lines])
        if len(spec.unread_lines) == 1:
            unknown = f"Line {numbers} of your text has an option that I do not know."
        else:
            unknown = f"Lines {numbers} of your text have options that I do not know."
        sentences.append(f"{unknown} You can choose {join([f'`{name}`' for name in OPTIONS])}.")
    return ["", " ".join(sentences)] if sentences else []


def _alternatives(spec: Spec, policy: Policy) -> list[str]:
    sentences = []
    if "base" in spec.refused_options:
        sentences.append(f"Available base models: {code_list(policy.recipe.bases)}.")
    if "licence" in spec.refused_options and policy.recipe.licences:
        licences = code_list(policy.recipe.licences)
        sentences.append(f"Available licences, unless the speakers have chosen one: {licences}.")
    if "variant" in spec.refused_options:
        sentences.append(
            "The variants that you can choose are those in the language's profile, a file that its "
            "speakers write."
        )
    return sentences
