"""What people say in a discussion, and what it changes. Pure; only closed words come out of it.

A comment counts when its author may give that command: the requester, a member of the organisation
or somebody on the allow-list; money above the limit is a matter of the latter two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from bot import replies
from bot.domain import costs, steps
from bot.domain.community import Consent
from bot.domain.observation import Comment, Discussion, Observation
from bot.domain.policy import Policy
from bot.domain.request import LIVE, Answer, Command, Reason, Request, Status, Step, Verdict
from bot.parsing.commands import read_command
from bot.parsing.titles import Named, Unclear, read_answer
from bot.planner import admission

MOST_ANSWERS = 20


def hear(
    request: Request,
    discussion: Discussion,
    requests: Collection[Request],
    observation: Observation,
    policy: Policy,
) -> Request:
    """The request after all comments that were not considered before."""
    for comment in discussion.comments:
        if comment.created_at > request.last_comment_at:
            request = _considered(request, comment, discussion, requests, observation, policy)
            request = replace(
                request, last_comment_at=comment.created_at, comments_read=len(discussion.comments)
            )
    return request


def _considered(
    request: Request,
    comment: Comment,
    discussion: Discussion,
    requests: Collection[Request],
    observation: Observation,
    policy: Policy,
) -> Request:
    command, trusted = (
        read_command(comment.text),
        is_maintainer(comment.author, observation, policy),
    )
    if command is Command.APPROVE and request.verdict is Verdict.COMMUNITY:
        trusted = trusted or _is_steward(comment.author, request, observation)
    if comment.author != request.author and not trusted:
        return _not_yours(request) if command and command not in _HARMLESS else request
    if command is Command.APPROVE and not trusted:
        return _not_yours(request, command)
    if command:
        return _DEEDS[command](request, observation, policy)
    if request.status is not Status.ASKED:
        return request
    answer = read_answer(comment.text, request.choices)
    if isinstance(answer, Named):
        return admission.agree(request, answer.language, discussion, requests, observation, policy)
    if isinstance(answer, Unclear):
        return _asked_again(request, answer)
    return request


_HARMLESS = (Command.STATUS, Command.ESTIMATE, Command.HELP)


def is_maintainer(author: str, observation: Observation, policy: Policy) -> bool:
    return author in observation.maintainers or author in policy.maintainers or author == policy.org


def _is_steward(author: str, request: Request, observation: Observation) -> bool:
    return author in observation.community(request.agreed_spec.language.code).stewards


def _asked_again(request: Request, answer: Unclear) -> Request:
    if answer.verdict is Verdict.NO_NAME:  # "no": none of these
        return replace(request, verdict=Verdict.NO_NAME, choices=())
    return replace(
        request, verdict=answer.verdict, choices=tuple(language.code for language in answer.choices)
    )


def _answered(request: Request, command: Command, note: str, allowed: bool = True) -> Request:
    if len(request.answers) >= MOST_ANSWERS:
        return request
    return replace(request, answers=(*request.answers, Answer(command, allowed, note)))


def _not_yours(request: Request, command: Command = Command.CANCEL) -> Request:
    """Said once; whoever goes on after that is not answered."""
    if any(not answer.allowed for answer in request.answers):
        return request
    return _answered(request, command, replies.not_allowed(command), allowed=False)


def _status(request: Request, observation: Observation, policy: Policy) -> Request:
    return _answered(request, Command.STATUS, replies.current_status(request))


def _estimate(request: Request, observation: Observation, policy: Policy) -> Request:
    cost = costs.estimate(policy.recipe, observation.prices, steps.rows(request.spec))
    return _answered(request, Command.ESTIMATE, replies.estimate(request, cost))


def _help(request: Request, observation: Observation, policy: Policy) -> Request:
    return _answered(request, Command.HELP, replies.help_text())


def _cancel(request: Request, observation: Observation, policy: Policy) -> Request:
    if request.status not in LIVE:
        return _answered(request, Command.CANCEL, replies.not_applicable(Command.CANCEL))
    return replace(request, status=Status.CANCELLED, verdict=Verdict.STOPPED)


def _retry(request: Request, observation: Observation, policy: Policy) -> Request:
    if request.status is not Status.FAILED:
        return _answered(request, Command.RETRY, replies.not_applicable(Command.RETRY))
    if request.verdict in (Verdict.BUDGET, Verdict.HOPELESS):
        return _answered(request, Command.RETRY, replies.needs_approval(request.verdict))
    if _is_withdrawn(request, observation):
        return _answered(request, Command.RETRY, replies.withdrawn())
    return _begun_again(request, observation, Command.RETRY)


def _approve(request: Request, observation: Observation, policy: Policy) -> Request:
    """More money: one more attempt of every step, each up to its time limit.

    A community's word is no word on money, and one against the check's advice no new money.
    """
    held = request.status is Status.HELD
    if _is_withdrawn(request, observation):
        return _answered(request, Command.APPROVE, replies.withdrawn())
    if request.verdict is Verdict.COMMUNITY:
        agreed = admission.afforded(request, observation, policy)
        return _answered(agreed, Command.APPROVE, replies.continues(Command.APPROVE))
    if (request.status, request.verdict) == (Status.FAILED, Verdict.HOPELESS):
        dared = replace(request.step(Step.CHECK), reason=Reason.NONE)
        return _begun_again(request.with_step(Step.CHECK, dared), observation, Command.APPROVE)
    if not held and (request.status, request.verdict) != (Status.FAILED, Verdict.BUDGET):
        return _answered(request, Command.APPROVE, replies.not_applicable(Command.APPROVE))
    cost = costs.estimate(policy.recipe, observation.prices, steps.rows(request.spec))
    ceiling = cost.ceiling_usd
    spec = replace(request.agreed_spec, cap_usd=round(request.spent_usd + ceiling, 6))
    request = replace(request, spec=spec, reserved_at=0.0)
    if held:
        opened = replace(request, status=Status.OPEN, verdict=Verdict.NONE)
        return _answered(opened, Command.APPROVE, replies.continues(Command.APPROVE))
    return _begun_again(request, observation, Command.APPROVE)


def _is_withdrawn(request: Request, observation: Observation) -> bool:
    if request.spec is None:
        return False
    return observation.community(request.spec.language.code).consent is Consent.NO


def _begun_again(request: Request, observation: Observation, command: Command) -> Request:
    """Open once more, with all attempts and the wheel of today; what is made stays made."""
    step = steps.current(request) or steps.last(request.spec)
    request = request.with_step(step, replace(request.step(step), attempts_since_retry=0))
    spec = replace(
        request.agreed_spec,
        wheel_revision=observation.wheel_revision or request.agreed_spec.wheel_revision,
    )
    again = replace(
        request,
        spec=spec,
        status=Status.OPEN,
        verdict=Verdict.NONE,
        reserved_at=0.0,
        retries=request.retries + 1,
    )
    return _answered(again, command, replies.continues(command))


_DEEDS: dict[Command, Callable[[Request, Observation, Policy], Request]] = {
    Command.STATUS: _status,
    Command.ESTIMATE: _estimate,
    Command.HELP: _help,
    Command.CANCEL: _cancel,
    Command.RETRY: _retry,
    Command.APPROVE: _approve,
}
