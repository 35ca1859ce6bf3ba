"""What comments ask for, and what that changes. Pure; no text of a comment leaves this module.

Commands are accepted from the author of a request and from maintainers: the organization, its
members, and those whom the policy names. Only maintainers may approve, and the stewards of a
language when its community is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot import replies
from bot.domain import costs, steps
from bot.domain.observation import Comment, Discussion
from bot.domain.request import LIVE, Answer, Command, Reason, Request, Status, Step, Verdict
from bot.parsing.commands import read_command
from bot.parsing.titles import Named, Unclear, is_attempt, read_answer
from bot.planner import new_requests
from bot.planner.situation import Situation

MAX_ANSWERS = 20
MAX_REMINDERS = 2  # of what can be answered to one question

# Commands that change nothing. From anybody else, they are ignored without a reply.
_QUESTIONS = (Command.STATUS, Command.ESTIMATE, Command.HELP, Command.UNKNOWN)


def apply_comments(request: Request, discussion: Discussion, situation: Situation) -> Request:
    """Return the request after all comments that were not considered before."""
    for comment in discussion.comments:
        if _is_new(comment, request):
            same_time = comment.created_at == request.last_comment_at
            request = replace(
                _apply(request, comment, discussion, situation),
                last_comment_at=comment.created_at,
                last_comment_ids=(*(request.last_comment_ids if same_time else ()), comment.id),
                comments_read=len(discussion.comments),
            )
    return request


def _is_new(comment: Comment, request: Request) -> bool:
    """Whether a comment was not considered; several may have been written in one millisecond."""
    if comment.created_at != request.last_comment_at:
        return comment.created_at > request.last_comment_at
    return bool(request.last_comment_ids) and comment.id not in request.last_comment_ids


def _apply(
    request: Request, comment: Comment, discussion: Discussion, situation: Situation
) -> Request:
    command, author = read_command(comment.text), comment.author
    is_trusted = situation.is_maintainer(author) or (
        command is Command.APPROVE and _is_asked_steward(author, request, situation)
    )
    is_author = author == request.author and author != ""  # of deleted accounts
    if not is_author and not is_trusted:
        if command is None or command in _QUESTIONS:
            return request
        return _refuse(request, command)
    if command is Command.APPROVE and not is_trusted:
        return _refuse(request, command)
    can_help = request.status is Status.FAILED or command is Command.APPROVE
    if command in (Command.RETRY, Command.APPROVE) and can_help and not discussion.open:
        return _answer(request, command, replies.closed(command))
    if command is not None:
        return _EFFECTS[command](request, situation)
    if request.status is Status.ASKED:
        return _apply_answer(request, comment, discussion, situation)
    return request


def answer_reopening(request: Request) -> Request:
    """Return the request after somebody has reopened the discussion of what had ended."""
    return _answer(request, Command.STATUS, replies.reopened(request))


def _is_asked_steward(person: str, request: Request, situation: Situation) -> bool:
    if request.verdict is not Verdict.COMMUNITY:
        return False
    return situation.is_steward(person, request.agreed_spec)


def _apply_answer(
    request: Request, comment: Comment, discussion: Discussion, situation: Situation
) -> Request:
    """Accept the language that the comment names, ask again, or say what to write."""
    answer = read_answer(comment.text, request.choices)
    if isinstance(answer, Named):
        return new_requests.accept(request, answer.language, discussion, situation)
    if isinstance(answer, Unclear):
        # "No" (none of these) leaves nothing to choose from.
        languages = () if answer.verdict is Verdict.NO_NAME else answer.choices
        choices = tuple(language.code for language in languages)
        return replace(request, verdict=answer.verdict, choices=choices)
    if is_attempt(comment.text, request.choices) and _is_for_the_bot(request, comment, discussion):
        return _remind(request)
    return request


def _is_for_the_bot(request: Request, comment: Comment, discussion: Discussion) -> bool:
    """Whether it is the person whom the bot has asked, who does not reply to somebody else."""
    before = [each for each in discussion.comments if each.created_at < comment.created_at]
    people = {each.author for each in before[-1:]} | {comment.author}
    return bool(request.replied_at) and people == {request.author}


def _remind(request: Request) -> Request:
    """Say what can be answered to a question, but not again and again."""
    note = replies.not_understood(request)
    reminders = [answer for answer in request.answers if answer.note == note]
    if len(reminders) >= (MAX_REMINDERS if request.choices else 1):
        return request
    return _answer(request, Command.UNKNOWN, note)


def _answer(request: Request, command: Command, note: str, allowed: bool = True) -> Request:
    if len(request.answers) >= MAX_ANSWERS:
        return request
    return replace(request, answers=(*request.answers, Answer(command, allowed, note)))


def _refuse(request: Request, command: Command) -> Request:
    """Say once that the person may not give this command; later attempts get no reply."""
    if any(not answer.allowed for answer in request.answers):
        return request
    return _answer(request, command, replies.not_allowed(command), allowed=False)


def _status(request: Request, situation: Situation) -> Request:
    return _answer(request, Command.STATUS, replies.current_status(request))


def _estimate(request: Request, situation: Situation) -> Request:
    estimate = situation.estimate(request.spec)
    return _answer(request, Command.ESTIMATE, replies.estimate(request, estimate))


def _help(request: Request, situation: Situation) -> Request:
    return _answer(request, Command.HELP, replies.help_text(situation.policy))


def _unknown(request: Request, situation: Situation) -> Request:
    return _answer(request, Command.HELP, replies.unknown_command(situation.policy))


def _cancel(request: Request, situation: Situation) -> Request:
    if request.status not in LIVE:
        return _answer(request, Command.CANCEL, replies.not_applicable(Command.CANCEL, request))
    return replace(request, status=Status.CANCELLED, verdict=Verdict.STOPPED)


def _retry(request: Request, situation: Situation) -> Request:
    command = Command.RETRY
    if request.status is not Status.FAILED:
        return _answer(request, command, replies.not_applicable(command, request))
    if request.verdict in (Verdict.BUDGET, Verdict.HOPELESS):
        return _answer(request, command, replies.needs_approval(request.verdict))
    if situation.is_withdrawn(request):
        return _answer(request, command, replies.withdrawn())
    return _continue(_reopened(request, situation), command, situation)


def _approve(request: Request, situation: Situation) -> Request:
    command = Command.APPROVE
    if situation.is_withdrawn(request):
        return _answer(request, command, replies.withdrawn())
    approved = _approved(request, situation)
    if approved is None:
        return _answer(request, command, replies.not_applicable(command, request))
    return _continue(approved, command, situation)


def _continue(request: Request, command: Command, situation: Situation) -> Request:
    """Say that the request goes on, or that it waits for the next day's budget."""
    has_budget = request.reserved_at or situation.capacity.is_affordable(request)
    reply = replies.continues(command) if has_budget else replies.continues_tomorrow(command)
    return _answer(request, command, reply)


def _approved(request: Request, situation: Situation) -> Request | None:
    """Return the request after an approval; None if it does not wait for one.

    The approval of a community does not raise the limit, and one against the advice of the check
    does not raise the cap.
    """
    match request.status, request.verdict:
        case _, Verdict.COMMUNITY:
            consented = replace(request, consented=True)
            return new_requests.open_within_limit(consented, situation)
        case Status.FAILED, Verdict.HOPELESS:
            check = replace(request.step(Step.CHECK), reason=Reason.NONE)
            return _reopened(request.with_step(Step.CHECK, check), situation)
        case Status.FAILED, Verdict.BUDGET:
            return _reopened(_with_raised_cap(request, situation), situation)
        case Status.HELD, _:
            raised = _with_raised_cap(request, situation)
            return replace(raised, status=Status.OPEN, verdict=Verdict.NONE)
        case _:
            return None


def _with_raised_cap(request: Request, situation: Situation) -> Request:
    """Allow the cost of another attempt of every step, each up to its time limit.

    More than a person or a day may cost would never be affordable, so it is no part of the cap.
    """
    limits, estimate = situation.policy.limits, situation.estimate(request.spec)
    raised_usd = costs.cap_usd(estimate, limits.person_usd, limits.day_usd)
    cap_usd = round(request.spent_usd + request.held_usd + raised_usd, 6)
    return replace(request, spec=replace(request.agreed_spec, cap_usd=cap_usd), reserved_at=0.0)


def _reopened(request: Request, situation: Situation) -> Request:
    """Open the request again, with all attempts and the current wheel; what is finished stays."""
    step = steps.current(request) or steps.last(request.spec)
    request = request.with_step(step, replace(request.step(step), attempts_since_retry=0))
    spec = request.agreed_spec
    wheel_revision = situation.observation.wheel_revision or spec.wheel_revision
    return replace(
        request,
        spec=replace(spec, wheel_revision=wheel_revision),
        status=Status.OPEN,
        verdict=Verdict.NONE,
        reserved_at=0.0,
        retries=request.retries + 1,
    )


_EFFECTS: dict[Command, Callable[[Request, Situation], Request]] = {
    Command.STATUS: _status,
    Command.ESTIMATE: _estimate,
    Command.HELP: _help,
    Command.UNKNOWN: _unknown,
    Command.CANCEL: _cancel,
    Command.RETRY: _retry,
    Command.APPROVE: _approve,
}
