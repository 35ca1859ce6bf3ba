"""The planner follows what speakers decide about their language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import steps
from bot.domain.actions import EnsureCancelled, EnsureClosed, EnsureJob, EnsureReply
from bot.domain.codec import request_from_json, request_to_json
from bot.domain.community import parse
from bot.domain.observation import JobStage, Observation
from bot.domain.policy import Policy
from bot.domain.request import Request, Status, Step, StepRecord, StepState, Verdict
from tests.bot import examples
from tests.bot.domain.test_community import PROFILE
from tests.bot.examples import CURRENT, NOW, admit, plan

POLICY = examples.policy()


def observed_with(profile: str, **changes: object) -> Observation:
    return examples.observed(communities={"epo_Latn": parse(profile)}, **changes)


def after_comments(
    request: Request, profile: str, *comments: tuple[str, str], policy: Policy = POLICY
) -> Request:
    """Return the request after these people have written these texts."""
    written = tuple(
        examples.comment(text, who, NOW - 5 + n) for n, (who, text) in enumerate(comments)
    )
    discussion = replace(examples.discussion(), comments=written)
    return plan(
        request, observed_with(profile, discussions={1: discussion}), policy, CURRENT
    ).request


def test_a_withdrawn_language_is_declined_with_the_reason() -> None:
    planned = admit(examples.discussion(), (), observed_with("consent: no"), POLICY)
    assert (planned.request.status, planned.request.verdict) == (Status.DECLINED, Verdict.WITHDRAWN)
    texts = [action.text for action in planned.actions if isinstance(action, EnsureReply)]
    assert len(texts) == 1 and "epo_Latn.yaml" in texts[0]
    assert any(isinstance(action, EnsureClosed) for action in planned.actions)


def test_nothing_starts_before_a_steward_approves() -> None:
    held = admit(examples.discussion(), (), observed_with(PROFILE), POLICY)
    assert (held.request.status, held.request.verdict) == (Status.HELD, Verdict.COMMUNITY)
    assert not any(isinstance(action, EnsureJob) for action in held.actions)
    for who in ("ludoviko", "mallory"):
        unchanged = after_comments(held.request, PROFILE, (who, "/approve"))
        assert unchanged.status is Status.HELD
    for who in ("zamenhof", "ada"):
        approved = after_comments(held.request, PROFILE, (who, "/approve"))
        assert approved.status is Status.OPEN


def test_a_next_version_needs_the_word_of_a_steward_or_a_maintainer() -> None:
    profile, done = "stewards: [zamenhof]", examples.request(id="r7", status=Status.DONE)
    for author, status in (
        ("mallory", Status.HELD),
        ("zamenhof", Status.OPEN),
        ("ada", Status.OPEN),
    ):
        discussion = replace(examples.discussion(body="/improve"), author=author)
        asked = admit(discussion, (done,), observed_with(profile), POLICY)
        assert asked.request.status is status, author
    discussion = replace(examples.discussion(body="/improve"), author="mallory")
    held = admit(discussion, (done,), observed_with(profile), POLICY)
    text = next(action.text for action in held.actions if isinstance(action, EnsureReply))
    assert "stewards" in text and "`/approve`" in text and "I will start soon" not in text
    for who, status in (("mallory", Status.HELD), ("zamenhof", Status.OPEN), ("ada", Status.OPEN)):
        after = after_comments(held.request, profile, (who, "/approve"))
        assert after.status is status, who


@pytest.mark.parametrize(
    ("change", "has_model"),
    [
        ({}, True),
        ({"status": Status.FAILED}, False),
        ({"status": Status.OPEN}, False),
        ({"spec": None}, False),
        ({"spec": replace(examples.spec(), improves=True)}, False),
        ({"spec": replace(examples.spec(), base="another/base")}, False),
        ({"spec": replace(examples.spec(), variant="fundamenta")}, False),
    ],
)
def test_only_a_finished_model_is_improved(change: dict[str, object], has_model: bool) -> None:
    done = examples.request(**{"id": "r7", "discussion": 7, "status": Status.DONE, **change})
    asked = admit(examples.discussion(body="/improve"), (done,), observed_with(""), POLICY)
    assert (asked.request.verdict is not Verdict.NO_MODEL) is has_model
    assert has_model or asked.request.choices == ("epo_Latn",)


@pytest.mark.parametrize("profile", ["", "stewards: [zamenhof]", "stewards: {}", "consent: maybe"])
def test_an_open_request_for_a_next_version_waits_for_that_word_too(profile: str) -> None:
    spec = replace(examples.spec(), improves=True)
    request = examples.request(status=Status.OPEN, spec=spec)
    planned = plan(request, observed_with(profile), POLICY, CURRENT)
    assert (planned.request.status, planned.request.verdict) == (Status.HELD, Verdict.COMMUNITY)
    assert not any(isinstance(action, EnsureJob) for action in planned.actions)


def test_a_steward_does_not_approve_the_price() -> None:
    low_limit = examples.policy(limit_usd=0.0001)
    held = admit(examples.discussion(), (), observed_with(PROFILE), low_limit).request
    asked = after_comments(held, PROFILE, ("zamenhof", "/approve"), policy=low_limit)
    assert (asked.status, asked.verdict) == (Status.HELD, Verdict.TOO_DEAR)
    again = after_comments(asked, PROFILE, ("zamenhof", "/approve"), policy=low_limit)
    assert again.status is Status.HELD


def test_a_withdrawal_stops_retry_and_approval() -> None:
    failed = examples.request(status=Status.FAILED, verdict=Verdict.ATTEMPTS)
    after = after_comments(failed, "consent: no", ("ludoviko", "/retry"))
    assert after.status is Status.FAILED and "decided against models" in after.answers[-1].note
    held = replace(examples.request(), status=Status.HELD, verdict=Verdict.COMMUNITY)
    after = after_comments(held, "consent: no", ("ada", "/approve"))
    assert (after.status, after.verdict) == (Status.CANCELLED, Verdict.WITHDRAWN)


def test_a_withdrawal_stops_a_request_in_progress() -> None:
    waiting = examples.request()
    running = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 500, "j1")}
    )
    for request in (waiting, running):
        planned = plan(
            request,
            observed_with("consent: no", jobs=(examples.job(JobStage.RUNNING, ended=0.0),)),
            POLICY,
            CURRENT,
        )
        assert planned.request.verdict is Verdict.WITHDRAWN
        assert planned.request.status is Status.CANCELLED
        assert not any(isinstance(action, EnsureJob) for action in planned.actions)
        assert EnsureCancelled("j1") in planned.actions
        texts = [action.text for action in planned.actions if isinstance(action, EnsureReply)]
        assert any("have decided against models of their language" in text for text in texts)


@pytest.mark.parametrize("profile", ["consent: ask", "consnt: no", "{"])
def test_the_profile_is_asked_again_before_each_step(profile: str) -> None:
    """A job that runs may finish; the next one waits for an approval, which is asked for once."""
    made = StepRecord(StepState.MADE, 1, 1, NOW - 500, "j1")
    request = examples.request(steps={Step.GENERATE: made})
    running = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, NOW - 500, "j1")}
    )
    jobs = (examples.job(JobStage.RUNNING, ended=0.0),)
    still = plan(running, observed_with(profile, jobs=jobs), POLICY, CURRENT).request
    assert still.status is Status.OPEN
    held = plan(request, observed_with(profile), POLICY, CURRENT)
    assert (held.request.status, held.request.verdict) == (Status.HELD, Verdict.COMMUNITY)
    assert not any(isinstance(action, EnsureJob) for action in held.actions)
    approved = after_comments(held.request, profile, ("ada", "/approve"))
    assert approved.status is Status.OPEN and approved.step(Step.TRAIN).is_active
    assert request_from_json(request_to_json(approved)) == approved


def test_nothing_starts_if_the_profiles_were_not_read() -> None:
    planned = plan(examples.request(), examples.observed(communities=None), POLICY, CURRENT)
    assert planned.request.status is Status.OPEN
    assert not any(isinstance(action, EnsureJob) for action in planned.actions)


def test_licence_and_variant_are_chosen_from_the_available_ones() -> None:
    body = "dialect: Fundamenta Esperanto\nlicence: CC-BY-NC-4.0"
    welcome = PROFILE.replace("ask", "welcome")
    request = admit(examples.discussion(body=body), (), observed_with(welcome), POLICY).request
    assert (request.agreed_spec.licence, request.agreed_spec.variant) == (
        "cc-by-nc-4.0",
        "fundamenta",
    )
    assert request_from_json(request_to_json(request)) == request
    other = admit(
        examples.discussion(body="licence: mit\nregion: Mars"), (), observed_with(welcome), POLICY
    )
    spec = other.request.agreed_spec
    assert (spec.licence, spec.variant) == ("cc-by-nc-4.0", "")
    assert spec.refused_options == ("licence", "variant")


def test_a_variant_has_its_own_repos() -> None:
    recipe = examples.recipe()
    plain, special = examples.request(), examples.request()
    special = replace(
        special, spec=replace(examples.spec(), variant="fundamenta", licence="cc0-1.0")
    )
    for step in (Step.GENERATE, Step.TRAIN, Step.EVALUATE):
        assert steps.digest(recipe, plain.agreed_spec, step) == examples.spec().digest
        assert steps.digest(recipe, special.agreed_spec, step) != examples.spec().digest
        assert steps.output("practice", plain, step) != steps.output("practice", special, step)
    assert steps.digest(recipe, special.agreed_spec, Step.CHECK) == examples.spec().digest
    wheel = f"http://hub/{POLICY.wheel}"
    command = steps.command(recipe, special, Step.GENERATE, 1, wheel, "http://teacher", 1.0)
    assert command[command.index("--licence") + 1] == "cc0-1.0"
    assert command[command.index("--variant") + 1] == "fundamenta"
    assert "--licence" not in steps.command(recipe, plain, Step.GENERATE, 1, wheel, "", 1.0)
    first = examples.request(id="r1", discussion=1)
    second = examples.discussion(num=2, body="variant: fundamenta")
    observation = observed_with(PROFILE.replace("ask", "welcome"), discussions={2: second})
    assert admit(second, (first,), observation, POLICY).request.status is Status.OPEN
