"""The first reply to an accepted request: what happens, what it costs, who has to approve it."""

from __future__ import annotations

from bot.domain import steps
from bot.domain.policy import Policy
from bot.domain.request import Request, Spec, Status, Step, Verdict
from bot.replies.phrases import (
    check_result,
    code_list,
    join,
    language_name,
    minutes,
    money,
    practice_note,
    sentence,
)

# The options that `bot/parsing/options.py` knows, without the synonyms.
OPTIONS = ("base", "licence", "variant", "size", "teacher", "reasoning")


def plan(request: Request, policy: Policy) -> str:
    spec = request.agreed_spec
    rows = steps.rows(spec)
    expected = sum(policy.recipe.steps[row.step].expected_minutes for row in rows)
    subject = "the next version of the model of " if spec.improves else ""
    lines = [
        f"Hello! I understand this as a request for {subject}**{language_name(spec.language)}**.",
        "",
        "My plan:",
        "",
        *(f"{number}. {sentence(row.description)}" for number, row in enumerate(rows, 1)),
        "",
        f"This should take about {minutes(expected)} and cost **{money(spec.estimate_usd)}**. "
        f"{_approval(request, policy)}",
        *_options(spec, policy),
        *_check_result(request),
        "",
        "If this is not the language that you mean, write `/cancel` or close this discussion, and "
        "I stop. To see all commands, write `/help`.",
    ]
    return "\n".join([*lines, *practice_note(policy.recipe.practice)])


def _approval(request: Request, policy: Policy) -> str:
    """Say whether the request starts now, or who has to approve it first."""
    spec = request.agreed_spec
    if request.verdict is Verdict.COMMUNITY:
        return (
            "The speakers of this language want to decide first: I start as soon as one of "
            "their stewards, or a maintainer, writes `/approve`."
        )
    if request.status is Status.HELD:
        return (
            f"I may spend only ${policy.limit_usd:.2f} without approval, so I start as soon as "
            "a maintainer writes `/approve`."
        )
    approved = "A maintainer has approved this. " if spec.estimate_usd > policy.limit_usd else ""
    cap = f"I start now and spend at most {money(spec.cap_usd)}" if spec.cap_usd else "I start now"
    return f"{approved}{cap}. The next comment shows the progress."


def _check_result(request: Request) -> list[str]:
    note = request.step(Step.CHECK).note
    if not note:
        return []
    return ["", f"I have tested the teacher in this language. Result: {check_result(note)}."]


def _options(spec: Spec, policy: Policy) -> list[str]:
    """Say which options are used, not available, or not understood."""
    sentences: list[str] = []
    if spec.base != policy.recipe.base:
        sentences.append(f"I train `{spec.base}`, as you asked.")
    if spec.variant:
        sentences.append(f"I use the variant `{spec.variant}`, as its speakers describe it.")
    if spec.licence:
        sentences.append(f"The dataset gets the licence `{spec.licence}`.")
    if spec.refused_options:
        options = join([f"*{option}*" for option in spec.refused_options])
        sentences += [f"I cannot use your choice of {options}.", *_alternatives(spec, policy)]
    if spec.unread_lines:
        numbers = join([str(number) for number in spec.unread_lines])
        if len(spec.unread_lines) == 1:
            unknown = f"Line {numbers} of your text has an option that I do not know."
        else:
            unknown = f"Lines {numbers} of your text have options that I do not know."
        sentences.append(f"{unknown} I know {code_list(OPTIONS)}.")
    return ["", " ".join(sentences)] if sentences else []


def _alternatives(spec: Spec, policy: Policy) -> list[str]:
    sentences = []
    if "base" in spec.refused_options:
        sentences.append(f"Available base models: {code_list(policy.recipe.bases)}.")
    if "licence" in spec.refused_options and policy.recipe.licences:
        licences = code_list(policy.recipe.licences)
        sentences.append(f"Available licences, unless the speakers have chosen one: {licences}.")
    if "variant" in spec.refused_options:
        sentences.append("The speakers describe the available variants in the language's profile.")
    return sentences
