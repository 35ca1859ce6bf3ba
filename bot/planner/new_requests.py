"""Accept a new discussion as a request, ask about it, hold it for an approval, or decline it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import costs, names, steps
from bot.domain.community import Community, Consent
from bot.domain.observation import Discussion
from bot.domain.policy import Policy
from bot.domain.request import LIVE, Request, Spec, Status, Verdict
from bot.language import Language
from bot.parsing.options import AvailableOptions, read_options
from bot.parsing.titles import Unclear, read_request
from bot.planner.situation import Situation


def new_request(discussion: Discussion, situation: Situation) -> Request:
    """Return the first record for a discussion that is not in the ledger yet."""
    request = Request(
        id=names.request_id(discussion.num),
        discussion=discussion.num,
        author=discussion.author,
        opened_at=discussion.created_at,
        last_comment_at=discussion.created_at,
    )
    others = situation.requests.values()
    own = [other for other in others if other.author == request.author and other.status in LIVE]
    if len(own) >= situation.policy.limits.person_requests:
        return _decline(request, Verdict.TOO_MANY)
    reading = read_request(discussion.title, discussion.body)
    if isinstance(reading, Unclear):
        return _ask(request, reading.verdict, *(language.code for language in reading.choices))
    if not reading.is_certain:
        return _ask(request, Verdict.CONFIRM, reading.language.code)
    return accept(request, reading.language, discussion, situation)


def accept(
    request: Request, language: Language, discussion: Discussion, situation: Situation
) -> Request:
    """Accept, hold or decline a request whose language is certain.

    Only such requests count for the queue: anybody may open many discussions that are questions.
    """
    code = language.code
    community = situation.observation.community(code)
    spec = _spec(language, discussion, community, situation)
    request = replace(request, spec=spec, choices=())
    statuses = [other.status for other in situation.requests.values()]
    if statuses.count(Status.OPEN) + statuses.count(Status.HELD) >= situation.policy.limits.queue:
        return _decline(request, Verdict.FULL)
    if not situation.recipe.supports_language(code):
        return _decline(request, Verdict.NO_TEACHER, code)
    if community.consent is Consent.NO:
        return _decline(request, Verdict.WITHDRAWN, code)
    if spec.improves and not _has_model(spec, situation):
        return _decline(request, Verdict.NO_MODEL, code)
    rows, fewest = situation.observation.feedback, situation.recipe.fewest_corrections
    if spec.improves and rows is not None and rows.get(code, 0) < fewest:
        return _decline(request, Verdict.TOO_FEW, code, str(rows.get(code, 0)), str(fewest))
    duplicate = _duplicate(request, spec, situation)
    if duplicate is not None:
        return _decline(request, Verdict.DUPLICATE, code, duplicate.id, duplicate.status.value)
    if situation.needs_consent(request):
        return replace(request, status=Status.HELD, verdict=Verdict.COMMUNITY)
    return open_within_limit(request, situation)


def open_within_limit(request: Request, situation: Situation) -> Request:
    """Open the request, or hold it for an approval if its estimate is above the limit."""
    estimate = situation.estimate(request.spec)
    if costs.is_within_limit(estimate, situation.policy.limit_usd):
        return replace(request, status=Status.OPEN, verdict=Verdict.NONE)
    return replace(request, status=Status.HELD, verdict=Verdict.TOO_DEAR)


def _spec(
    language: Language, discussion: Discussion, community: Community, situation: Situation
) -> Spec:
    policy, recipe = situation.policy, situation.recipe
    limits = policy.limits
    options = read_options(discussion.body, _available(community, policy))
    infos = steps.NEXT_VERSION if options.improves else steps.NEW_MODEL
    fertility = _known_fertility(language.code, situation)
    estimate = costs.estimate(recipe, situation.observation.prices, infos, fertility)
    return Spec(
        language=language,
        recipe_name=recipe.name,
        base=options.base or recipe.base,
        digest=recipe.digest(language.code),
        wheel_revision=situation.observation.wheel_revision,
        estimate_usd=round(estimate.total_usd, 6),
        cap_usd=costs.cap_usd(estimate, policy.limit_usd, limits.person_usd, limits.day_usd),
        refused_options=options.refused,
        unread_lines=options.unread_lines,
        licence=options.licence or community.licence,
        variant=options.variant,
        improves=options.improves,
        fertility=fertility,
    )


def _known_fertility(code: str, situation: Situation) -> float:
    """Return what the newest check of a language has measured, 0.0 if there was none."""
    requests = situation.requests.values()
    specs = [(r.discussion, r.spec) for r in requests if r.spec and r.spec.fertility]
    known = [(num, spec.fertility) for num, spec in specs if spec.language.code == code]
    return max(known, default=(0, 0.0))[1]


def _available(community: Community, policy: Policy) -> AvailableOptions:
    """Return what a request may choose; the licence of a community excludes all others."""
    licences = (community.licence,) if community.licence else policy.recipe.licences
    return AvailableOptions(policy.recipe.bases, licences, community.variants)


def _ask(request: Request, verdict: Verdict, *choices: str) -> Request:
    return replace(request, status=Status.ASKED, verdict=verdict, choices=choices)


def _decline(request: Request, verdict: Verdict, *choices: str) -> Request:
    return replace(request, status=Status.DECLINED, verdict=verdict, choices=choices)


def _duplicate(request: Request, spec: Spec, situation: Situation) -> Request | None:
    """Return another request for the same result that is in progress or done.

    A model can be improved again and again, so a finished improvement is not a duplicate.
    """
    statuses = [Status.HELD, Status.OPEN] + ([] if spec.improves else [Status.DONE])
    same = (
        other
        for other in situation.requests.values()
        if other.status in statuses
        and other.id != request.id
        and _identity(other.agreed_spec) == _identity(spec)
    )
    return min(same, key=lambda other: other.discussion, default=None)


def _identity(spec: Spec) -> tuple[object, ...]:
    """Return what two requests for the same result have in common."""
    return spec.improves, spec.key, spec.digest, spec.base


def _has_model(spec: Spec, situation: Situation) -> bool:
    """Whether a finished request has made the model that this one asks to improve."""
    return any(
        other.status is Status.DONE
        and other.spec is not None
        and not other.spec.improves
        and (other.spec.key, other.spec.base) == (spec.key, spec.base)
        for other in situation.requests.values()
    )
