"""From a discussion to what is agreed: taken, asked about, held for a word, or declined."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bot.domain import costs, names, steps
from bot.domain.community import Community, Consent
from bot.domain.observation import Discussion, Observation
from bot.domain.policy import Policy
from bot.domain.request import LIVE, Request, Spec, Status, Verdict
from bot.language import Language
from bot.parsing.options import AvailableOptions, Options, read_options
from bot.parsing.titles import Unclear, read_request


def new(
    discussion: Discussion, requests: Collection[Request], observation: Observation, policy: Policy
) -> Request:
    """The record of a discussion that is seen for the first time."""
    request = Request(
        id=names.request_id(discussion.num),
        discussion=discussion.num,
        author=discussion.author,
        opened_at=discussion.created_at,
        last_comment_at=discussion.created_at,
    )
    live = [r for r in requests if r.status in LIVE]
    if len(live) >= policy.limits.queue:
        return _decline(request, Verdict.FULL, ())
    if sum(r.author == request.author for r in live) >= policy.limits.person_requests:
        return _decline(request, Verdict.TOO_MANY, ())
    reading = read_request(discussion.title, discussion.body)
    if isinstance(reading, Unclear):
        choices = tuple(language.code for language in reading.choices)
        return _question(request, reading.verdict, choices)
    if not reading.is_certain:
        return _question(request, Verdict.CONFIRM, (reading.language.code,))
    return agree(request, reading.language, discussion, requests, observation, policy)


def agree(
    request: Request,
    language: Language,
    discussion: Discussion,
    requests: Collection[Request],
    observation: Observation,
    policy: Policy,
) -> Request:
    """The request once its language is certain."""
    recipe, code = policy.recipe, language.code
    if not recipe.teaches(code):
        return _decline(request, Verdict.NO_TEACHER, (code,))
    community = observation.community(code)
    if community.consent is Consent.NO:
        return _decline(request, Verdict.WITHDRAWN, (code,))
    spec = _spec(
        language, read_options(discussion.body, _offers(community, policy)), observation, policy
    )
    if spec.improves and not any(_made(spec, other) for other in requests):
        return _decline(request, Verdict.NO_MODEL, (code,))
    twin = _twin(request, spec, requests)
    if twin is not None:
        return _decline(request, Verdict.DUPLICATE, (code, twin.id))
    taken = replace(request, spec=spec, choices=(), verdict=Verdict.NONE, status=Status.OPEN)
    if community.consent is Consent.ASK:
        return replace(taken, status=Status.HELD, verdict=Verdict.COMMUNITY)
    return afforded(taken, observation, policy)


def afforded(request: Request, observation: Observation, policy: Policy) -> Request:
    """The request as it may start: at once, or after a maintainer's word on the money."""
    cost = costs.estimate(policy.recipe, observation.prices, steps.rows(request.spec))
    if costs.may_start(cost, policy.limit_usd):
        return replace(request, status=Status.OPEN, verdict=Verdict.NONE)
    return replace(request, status=Status.HELD, verdict=Verdict.TOO_DEAR)


def _offers(community: Community, policy: Policy) -> AvailableOptions:
    """A community's licence is the only one; without it any of the programme's will do."""
    recipe = policy.recipe
    licences = (community.licence,) if community.licence else recipe.licences
    return AvailableOptions(recipe.bases, licences, community.variants)


def _spec(language: Language, options: Options, observation: Observation, policy: Policy) -> Spec:
    recipe, community = policy.recipe, observation.community(language.code)
    rows = steps.IMPROVING if options.improves else steps.TABLE
    cost = costs.estimate(recipe, observation.prices, rows)
    return Spec(
        language=language,
        recipe_name=recipe.name,
        base=options.base or recipe.base,
        digest=recipe.digest(language.code),
        wheel_revision=observation.wheel_revision,
        estimate_usd=round(cost.total_usd, 6),
        cap_usd=costs.cap(cost, policy.limit_usd),
        refused_options=options.refused,
        unread_lines=options.unread_lines,
        licence=options.licence or community.licence,
        variant=options.variant,
        improves=options.improves,
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
        and r.agreed_spec.improves == spec.improves
        and (r.agreed_spec.key, r.agreed_spec.digest, r.agreed_spec.base)
        == (spec.key, spec.digest, spec.base)
    )
    return min(same, key=lambda r: r.discussion, default=None)


def _made(spec: Spec, other: Request) -> bool:
    """Whether the other request has made the model that is to be improved."""
    if other.status is not Status.DONE or other.agreed_spec.improves:
        return False
    return (other.agreed_spec.key, other.agreed_spec.base) == (spec.key, spec.base)
