"""From a discussion to what is agreed: taken, asked about, held for a word, or declined."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.domain import costs, names, steps
from bot.domain.community import Community, Consent
from bot.domain.observation import Discussion, World
from bot.domain.policy import Terms
from bot.domain.request import LIVE, Request, Spec, Status, Verdict
from bot.language import Language
from bot.parsing.options import Offers, Wishes, read_wishes
from bot.parsing.titles import Misread, read_ask


def new(
    discussion: Discussion, requests: Collection[Request], world: World, terms: Terms
) -> Request:
    """The record of a discussion that is seen for the first time."""
    request = Request(
        id=names.request_id(discussion.num),
        discussion=discussion.num,
        author=discussion.author,
        opened=discussion.created,
        heard=discussion.created,
    )
    live = [r for r in requests if r.status in LIVE]
    if len(live) >= terms.limits.queue:
        return _decline(request, Verdict.FULL, ())
    if sum(r.author == request.author for r in live) >= terms.limits.person_requests:
        return _decline(request, Verdict.TOO_MANY, ())
    ask = read_ask(discussion.title, discussion.body)
    if isinstance(ask, Misread):
        return _question(request, ask.why, tuple(language.code for language in ask.choices))
    if not ask.sure:
        return _question(request, Verdict.CONFIRM, (ask.language.code,))
    return agree(request, ask.language, discussion, requests, world, terms)


def agree(
    request: Request,
    language: Language,
    discussion: Discussion,
    requests: Collection[Request],
    world: World,
    terms: Terms,
) -> Request:
    """The request once its language is certain."""
    programme, code = terms.programme, language.code
    if not programme.teaches(code):
        return _decline(request, Verdict.NO_TEACHER, (code,))
    community = world.community(code)
    if community.consent is Consent.NO:
        return _decline(request, Verdict.WITHDRAWN, (code,))
    spec = _spec(language, read_wishes(discussion.body, _offers(community, terms)), world, terms)
    if spec.improves and not any(_made(spec, other) for other in requests):
        return _decline(request, Verdict.NO_MODEL, (code,))
    twin = _twin(request, spec, requests)
    if twin is not None:
        return _decline(request, Verdict.DUPLICATE, (code, twin.id))
    taken = replace(request, spec=spec, choices=(), verdict=Verdict.NONE, status=Status.OPEN)
    if community.consent is Consent.ASK:
        return replace(taken, status=Status.HELD, verdict=Verdict.COMMUNITY)
    return afforded(taken, world, terms)


def afforded(request: Request, world: World, terms: Terms) -> Request:
    """The request as it may start: at once, or after a maintainer's word on the money."""
    cost = costs.estimate(terms.programme, world.prices, steps.rows(request.spec))
    if costs.may_start(cost, terms.limit_usd):
        return replace(request, status=Status.OPEN, verdict=Verdict.NONE)
    return replace(request, status=Status.HELD, verdict=Verdict.TOO_DEAR)


def _offers(community: Community, terms: Terms) -> Offers:
    """A community's licence is the only one; without it any of the programme's will do."""
    programme = terms.programme
    licences = (community.licence,) if community.licence else programme.licences
    return Offers(programme.bases, licences, community.variants)


def _spec(language: Language, wishes: Wishes, world: World, terms: Terms) -> Spec:
    programme, community = terms.programme, world.community(language.code)
    rows = steps.IMPROVING if wishes.improve else steps.TABLE
    cost = costs.estimate(programme, world.prices, rows)
    return Spec(
        language=language,
        recipe=programme.name,
        base=wishes.base or programme.base,
        digest=programme.digest(language.code),
        code=world.code,
        estimate_usd=round(cost.total_usd, 6),
        cap_usd=costs.cap(cost, terms.limit_usd),
        refused=wishes.refused,
        unread=wishes.unread,
        licence=wishes.licence or community.licence,
        variant=wishes.variant,
        improves=bool(wishes.improve),
    )


def _question(request: Request, why: Verdict, choices: tuple[str, ...]) -> Request:
    return replace(request, status=Status.ASKED, verdict=why, choices=choices)


def _decline(request: Request, why: Verdict, choices: tuple[str, ...]) -> Request:
    return replace(request, status=Status.DECLINED, verdict=why, choices=choices)


def _twin(request: Request, spec: Spec, requests: Collection[Request]) -> Request | None:
    """Another request for the very same thing that is under way, or done once for all."""
    lasting = {Status.HELD, Status.OPEN} | (set() if spec.improves else {Status.DONE})
    same = (
        r
        for r in requests
        if r.status in lasting
        and r.id != request.id
        and r.agreed.improves == spec.improves
        and (r.agreed.key, r.agreed.digest, r.agreed.base) == (spec.key, spec.digest, spec.base)
    )
    return min(same, key=lambda r: r.discussion, default=None)


def _made(spec: Spec, other: Request) -> bool:
    """Whether the other request has made the model that is to be improved."""
    if other.status is not Status.DONE or other.agreed.improves:
        return False
    return (other.agreed.key, other.agreed.base) == (spec.key, spec.base)
