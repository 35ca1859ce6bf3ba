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
from bot.domain.observation import Discussion, Remark, World
from bot.domain.policy import Terms
from bot.domain.request import LIVE, Answer, Reason, Request, Status, Step, Verdict, Word
from bot.parsing.commands import read_word
from bot.parsing.titles import Ask, Misread, read_answer
from bot.planner import admission

MOST_ANSWERS = 20


def hear(
    request: Request,
    discussion: Discussion,
    requests: Collection[Request],
    world: World,
    terms: Terms,
) -> Request:
    """The request after all comments that were not considered before."""
    for remark in discussion.remarks:
        if remark.at > request.heard:
            request = _considered(request, remark, discussion, requests, world, terms)
            request = replace(request, heard=remark.at, remarks=len(discussion.remarks))
    return request


def _considered(
    request: Request,
    remark: Remark,
    discussion: Discussion,
    requests: Collection[Request],
    world: World,
    terms: Terms,
) -> Request:
    word, trusted = read_word(remark.text), is_maintainer(remark.author, world, terms)
    if word is Word.APPROVE and request.verdict is Verdict.COMMUNITY:
        trusted = trusted or _is_steward(remark.author, request, world)
    if remark.author != request.author and not trusted:
        return _not_yours(request) if word and word not in _HARMLESS else request
    if word is Word.APPROVE and not trusted:
        return _not_yours(request, word)
    if word:
        return _DEEDS[word](request, world, terms)
    if request.status is not Status.ASKED:
        return request
    answer = read_answer(remark.text, request.choices)
    if isinstance(answer, Ask):
        return admission.agree(request, answer.language, discussion, requests, world, terms)
    if isinstance(answer, Misread):
        return _asked_again(request, answer)
    return request


_HARMLESS = (Word.STATUS, Word.ESTIMATE, Word.HELP)


def is_maintainer(author: str, world: World, terms: Terms) -> bool:
    return author in world.maintainers or author in terms.maintainers or author == terms.org


def _is_steward(author: str, request: Request, world: World) -> bool:
    return author in world.community(request.agreed.language.code).stewards


def _asked_again(request: Request, answer: Misread) -> Request:
    if answer.why is Verdict.NO_NAME:  # "no": none of these
        return replace(request, verdict=Verdict.NO_NAME, choices=())
    return replace(
        request, verdict=answer.why, choices=tuple(language.code for language in answer.choices)
    )


def _answered(request: Request, word: Word, note: str, allowed: bool = True) -> Request:
    if len(request.answers) >= MOST_ANSWERS:
        return request
    return replace(request, answers=(*request.answers, Answer(word, allowed, note)))


def _not_yours(request: Request, word: Word = Word.CANCEL) -> Request:
    """Said once; whoever goes on after that is not answered."""
    if any(not answer.allowed for answer in request.answers):
        return request
    return _answered(request, word, replies.not_yours(word), allowed=False)


def _status(request: Request, world: World, terms: Terms) -> Request:
    return _answered(request, Word.STATUS, replies.told_status(request))


def _estimate(request: Request, world: World, terms: Terms) -> Request:
    cost = costs.estimate(terms.programme, world.prices, steps.rows(request.spec))
    return _answered(request, Word.ESTIMATE, replies.told_estimate(request, cost))


def _help(request: Request, world: World, terms: Terms) -> Request:
    return _answered(request, Word.HELP, replies.told_help())


def _cancel(request: Request, world: World, terms: Terms) -> Request:
    if request.status not in LIVE:
        return _answered(request, Word.CANCEL, replies.nothing_to(Word.CANCEL))
    return replace(request, status=Status.CANCELLED, verdict=Verdict.STOPPED)


def _retry(request: Request, world: World, terms: Terms) -> Request:
    if request.status is not Status.FAILED:
        return _answered(request, Word.RETRY, replies.nothing_to(Word.RETRY))
    if request.verdict in (Verdict.BUDGET, Verdict.HOPELESS):
        return _answered(request, Word.RETRY, replies.needs_approval(request.verdict))
    if _is_withdrawn(request, world):
        return _answered(request, Word.RETRY, replies.was_withdrawn())
    return _begun_again(request, world, Word.RETRY)


def _approve(request: Request, world: World, terms: Terms) -> Request:
    """More money: one more attempt of every step, each up to its time limit.

    A community's word is no word on money, and one against the check's advice no new money.
    """
    held = request.status is Status.HELD
    if _is_withdrawn(request, world):
        return _answered(request, Word.APPROVE, replies.was_withdrawn())
    if request.verdict is Verdict.COMMUNITY:
        agreed = admission.afforded(request, world, terms)
        return _answered(agreed, Word.APPROVE, replies.goes_on(Word.APPROVE))
    if (request.status, request.verdict) == (Status.FAILED, Verdict.HOPELESS):
        dared = replace(request.step(Step.CHECK), reason=Reason.NONE)
        return _begun_again(request.with_step(Step.CHECK, dared), world, Word.APPROVE)
    if not held and (request.status, request.verdict) != (Status.FAILED, Verdict.BUDGET):
        return _answered(request, Word.APPROVE, replies.nothing_to(Word.APPROVE))
    cost = costs.estimate(terms.programme, world.prices, steps.rows(request.spec))
    ceiling = cost.ceiling_usd
    spec = replace(request.agreed, cap_usd=round(request.spent_usd + ceiling, 6))
    request = replace(request, spec=spec, reserved=0.0)
    if held:
        opened = replace(request, status=Status.OPEN, verdict=Verdict.NONE)
        return _answered(opened, Word.APPROVE, replies.goes_on(Word.APPROVE))
    return _begun_again(request, world, Word.APPROVE)


def _is_withdrawn(request: Request, world: World) -> bool:
    if request.spec is None:
        return False
    return world.community(request.spec.language.code).consent is Consent.NO


def _begun_again(request: Request, world: World, word: Word) -> Request:
    """Open once more, with all attempts and the wheel of today; what is made stays made."""
    step = steps.current(request) or steps.last(request.spec)
    request = request.with_step(step, replace(request.step(step), tries=0))
    spec = replace(request.agreed, code=world.code or request.agreed.code)
    again = replace(
        request,
        spec=spec,
        status=Status.OPEN,
        verdict=Verdict.NONE,
        reserved=0.0,
        retries=request.retries + 1,
    )
    return _answered(again, word, replies.goes_on(word))


_DEEDS: dict[Word, Callable[[Request, World, Terms], Request]] = {
    Word.STATUS: _status,
    Word.ESTIMATE: _estimate,
    Word.HELP: _help,
    Word.CANCEL: _cancel,
    Word.RETRY: _retry,
    Word.APPROVE: _approve,
}
