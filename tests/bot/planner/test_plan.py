"""The planner in every state, and its most important decisions one by one."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot import replies
from bot.domain import costs
from bot.domain.actions import (
    GRACE_SECONDS,
    EnsureCancelled,
    EnsureClosed,
    EnsureJob,
    EnsureReply,
    Plan,
)
from bot.domain.observation import (
    Advice,
    Job,
    JobStage,
    Manifest,
    Observation,
    OwnReply,
    Shortfall,
    Teacher,
    Version,
)
from bot.domain.request import (
    LIVE,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    Verdict,
)
from bot.domain.steps import last
from bot.domain.steps import of as steps_of
from bot.planner.endpoint import MAX_FAILED_STARTS
from tests.bot import examples
from tests.bot.examples import CURRENT, RUNNING, job, observed, plan

NOW = examples.NOW
POLICY = examples.policy()


def jobs_of(planned: Plan) -> list[EnsureJob]:
    return [action for action in planned.actions if isinstance(action, EnsureJob)]


# --- the whole state space -----------------------------------------------------------------------

RECORDS = [
    StepRecord(),
    StepRecord(StepState.ORDERED, 1, 1, NOW - 5),
    StepRecord(StepState.ORDERED, 1, 1, NOW - GRACE_SECONDS - 5),
    StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1"),
    StepRecord(StepState.FAILED, 2, 2, NOW - 300, "j1"),
    StepRecord(StepState.MADE, 1, 1, NOW - 300, "j1", "note", 3.0, 0.001),
]
JOBS = [None, *JobStage]
MANIFESTS = ["none", "ours", "foreign"]
TEACHERS = [Teacher("failed"), RUNNING]
DISCUSSIONS = ["open", "closed", "deleted", "not looked at"]
REPLIED = [False, True]
ASKED = ("ckb_Arab", "kmr_Latn")


def _states() -> Iterator[tuple[object, ...]]:
    """Yield all states; the teacher varies only for open requests, which alone depend on it."""
    for status in Status:
        teachers = list(itertools.product(TEACHERS, [0, MAX_FAILED_STARTS + 1]))
        states = itertools.product(Step, RECORDS, JOBS, MANIFESTS, DISCUSSIONS, REPLIED)
        for state in states:
            for teacher, tries in teachers if status is Status.OPEN else teachers[:1]:
                yield (status, *state[:4], teacher, *state[4:], tries)


def _build(state: tuple[object, ...]) -> tuple[Request, Observation, TeacherRecord]:
    (
        status,
        step,
        record,
        stage,
        manifest_kind,
        teacher,
        discussion_state,
        has_replied,
        failed_starts,
    ) = state
    assert isinstance(step, Step) and isinstance(record, StepRecord) and isinstance(status, Status)
    spec = replace(examples.spec(), improves=step is Step.IMPROVE)
    before = list(itertools.takewhile(lambda s: s is not step, (r.step for r in steps_of(spec))))
    steps = {s: StepRecord(StepState.MADE, 1, 1, NOW - 900, "j0", "n", 1.0, 0.001) for s in before}
    steps = {**steps, step: record}
    request = examples.request(status=status, spec=spec, steps=steps, consented=spec.improves)
    if status is Status.DECLINED:
        request = examples.request(status=status, verdict=Verdict.FULL, spec=None)
    if status is Status.FAILED:
        request = replace(request, verdict=Verdict.ATTEMPTS)
    if status is Status.CANCELLED:
        request = replace(request, verdict=Verdict.CLOSED)
    if status is Status.ASKED:
        request = examples.request(
            status=status, verdict=Verdict.AMBIGUOUS, spec=None, choices=ASKED
        )
    if status is Status.HELD:
        request = examples.request(status=status, verdict=Verdict.TOO_DEAR)
    manifests: dict[tuple[str, Step], Manifest] = {}
    if manifest_kind != "none":
        digest = examples.spec().digest if manifest_kind == "ours" else "another"
        version = Version("v2", True, True) if spec.improves else None
        manifest = examples.manifest(digest=digest, scores=examples.SCORES, version=version)
        manifests[("r1", step)] = manifest
    comments: tuple[OwnReply, ...] = ()
    if has_replied:
        due = replies.due(request, manifests.get(("r1", last(spec))), POLICY)
        comments = tuple(examples.own_reply(kind, text) for kind, text in due)
    discussion = examples.discussion(open=discussion_state == "open", own_replies=comments)
    observation = observed(
        discussions={1: discussion} if discussion_state in ("open", "closed") else {},
        deleted=frozenset({1} if discussion_state == "deleted" else ()),
        jobs=() if stage is None else (job(JobStage(str(stage)), step, max(1, record.attempt)),),
        manifests=manifests,
        teacher=teacher,
    )
    assert isinstance(failed_starts, int)
    return request, observation, TeacherRecord(True, NOW - 5, failed_starts)


def _rules(request: Request, observation: Observation, planned: Plan) -> dict[str, bool]:
    """Return each rule that a plan must keep, and whether this one does."""
    after, actions = planned.request, jobs_of(planned)
    attempts = {step: request.step(step).attempt for step in Step}
    closes = any(isinstance(action, EnsureClosed) for action in planned.actions)
    manifests = {step: observation.manifests.get(("r1", step)) for step in Step}
    return {
        "no effect without a changed record": after != request or not planned.actions,
        "the revision counts changes": after.revision == request.revision + (after != request),
        "one job at a time": len(actions) <= 1,
        "jobs only while open": not actions or request.status is Status.OPEN,
        "attempts are limited": all(
            action.attempt <= POLICY.recipe.steps[action.step].attempts for action in actions
        ),
        "the record has the attempt and its time": all(
            (after.step(action.step).attempt, after.step(action.step).ordered_at)
            == (action.attempt, NOW)
            for action in actions
        ),
        # After a new start of the ledger, a job may exist without an attempt: execution skips it.
        "no second job for an attempt": all(
            not attempts[action.step] or observation.job("r1", action.step, action.attempt) is None
            for action in actions
        ),
        "no result is paid for twice": all(
            (manifest := manifests[action.step]) is None
            or manifest.digest != examples.spec().digest
            for action in actions
        ),
        "a final status stays": request.status in (*LIVE, after.status),
        "only a final request is closed": not closes or after.status not in LIVE,
        "a reported request has nothing left to write": not after.reported
        or (after.status not in LIVE and not _replies(planned)),
        "an archived request is reported": not after.archived or after.reported,
        "no reply without an observed discussion": bool(observation.discussions)
        or not _replies(planned),
        "no job outlives its request": after.status in (Status.OPEN, Status.DONE)
        or all(
            EnsureCancelled(job.id) in planned.actions
            for job in observation.jobs
            if not job.stage.is_final
        ),
        "a job's greatest cost is within the cap": all(
            _greatest_cost(action) <= after.agreed_spec.cap_usd for action in actions
        ),
        "the budget is reserved first": not actions or after.reserved_at > 0,
    }


def _replies(planned: Plan) -> list[object]:
    return [action for action in planned.actions if isinstance(action, EnsureReply | EnsureClosed)]


def _greatest_cost(action: EnsureJob) -> float:
    rate = costs.usd_per_hour(POLICY.recipe, action.step, examples.PRICES)
    return action.timeout_seconds / 3600 * rate


def check_states(every: int) -> Counter[str]:
    """Plan every n-th state, check all rules, and return how many were planned and how they end."""
    count: Counter[str] = Counter()
    for state in itertools.islice(_states(), None, None, every):
        request, observation, teacher = _build(state)
        planned = plan(request, observation, POLICY, teacher)
        broken = [rule for rule, kept in _rules(request, observation, planned).items() if not kept]
        assert not broken, (broken, state, planned)
        count["states"] += 1
        count["reported"] += planned.request.reported
        count["unchanged"] += planned.request == request
    return count


def test_plans_keep_the_rules_in_a_sample_of_all_states() -> None:
    """`tests/bench/test_every_state.py` plans them all."""
    count = check_states(every=11)  # coprime to the number of values of each dimension
    assert count["states"] == -(-(6 + 4) * 5 * 6 * 7 * 3 * 4 * 2 // 11)
    assert count["reported"] > 100 and count["unchanged"] > 50


def test_every_open_request_ends_if_all_actions_succeed() -> None:
    """From any state, a bounded number of ticks leads to the end."""
    checked = 0
    for status, step, record in itertools.product([Status.OPEN], Step, RECORDS):
        request, _, _ = _build((status, step, record, None, "none", RUNNING, "open", False, 0))
        discussion = examples.discussion()
        manifests: dict[tuple[str, Step], Manifest] = {}
        for turn in range(40):
            if request.reported:
                break
            observation = observed(
                now=NOW + turn * 2 * GRACE_SECONDS,
                discussions={1: discussion},
                manifests=manifests,
                teacher=RUNNING,
            )
            planned = plan(request, observation, POLICY, CURRENT)
            request = planned.request
            assert request.replied_at.keys() <= {"plan", "status", "result", "failed", "close"}
            for action in planned.actions:
                if isinstance(action, EnsureJob):
                    manifests[("r1", action.step)] = examples.manifest(scores=examples.SCORES)
                if isinstance(action, EnsureReply):
                    kept = [
                        c
                        for c in discussion.own_replies
                        if f"kakugo {action.kind} " not in c.marker
                    ]
                    discussion = replace(
                        discussion, own_replies=(*kept, OwnReply(action.kind, action.marker))
                    )
                if isinstance(action, EnsureClosed):
                    discussion = replace(discussion, open=False)
            final = last(request.spec)
            if request.step(final).state is StepState.MADE:
                manifests.setdefault(("r1", final), examples.manifest(scores=examples.SCORES))
        assert request.reported, (step, record, request)
        assert discussion.open == (request.status is Status.FAILED)
        assert request.status in (Status.DONE, Status.FAILED)
        checked += 1
    assert checked == 30


# --- single decisions ----------------------------------------------------------------------------


def test_the_first_job_waits_for_the_teacher() -> None:
    asleep = observed(teacher=Teacher("paused"))
    assert not jobs_of(plan(examples.request(), asleep, POLICY, CURRENT))
    planned = plan(examples.request(), observed(), POLICY, CURRENT)
    started = jobs_of(planned)
    (held,) = planned.request.unsettled
    assert held.hold_usd == pytest.approx(5 / 60 * held.usd_per_hour) and held.usd_per_hour > 0
    assert [(action.step, action.attempt) for action in started] == [(Step.CHECK, 1)]
    assert "http://127.0.0.1:2" in started[0].command
    assert any("c0ffee" in word for word in started[0].command)  # the revision of the wheel
    # Check may run for five minutes in the recipe of these tests.
    assert started[0].timeout_seconds == 5 * 60


def test_a_completed_job_without_a_manifest_fails_after_the_grace() -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    for age, launched in ((GRACE_SECONDS - 1, 0), (GRACE_SECONDS + 1, 1)):
        observation = observed(jobs=(job(JobStage.COMPLETED, ended=NOW - age),))
        assert len(jobs_of(plan(running, observation, POLICY, CURRENT))) == launched


def test_a_lost_launch_is_repeated_with_its_own_number() -> None:
    lost = examples.request(steps={Step.GENERATE: RECORDS[2]})
    (action,) = jobs_of(plan(lost, observed(), POLICY, CURRENT))
    assert action.attempt == 1


def test_a_failed_attempt_is_followed_by_the_next_until_the_last() -> None:
    failed = examples.request(steps={Step.GENERATE: RECORDS[3]})
    (action,) = jobs_of(plan(failed, observed(jobs=(job(JobStage.ERROR),)), POLICY, CURRENT))
    assert action.attempt == 2
    last = examples.request(
        steps={Step.GENERATE: StepRecord(StepState.RUNNING, 3, 3, NOW - 300, "j1")}
    )
    planned = plan(last, observed(jobs=(job(JobStage.ERROR, attempt=3),)), POLICY, CURRENT)
    assert (planned.request.status, planned.request.verdict) == (Status.FAILED, Verdict.ATTEMPTS)
    assert "generate* failed 3 times" in str(planned.actions)


SAME_AGAIN = "kakugo-recipe generate: Another attempt would end the same way."


@pytest.mark.parametrize(
    ("ended", "verdict", "reply"),
    [
        *(
            (replace(job(JobStage.CANCELED), cancel_reason=reason), Verdict.NO_CREDIT, "no credit")
            for reason in ("NO_CREDITS", "NO_SUBSCRIPTION", "SPEND_LIMIT")
        ),
        (
            replace(job(JobStage.ERROR), log_tail=("No row passed the gates.", SAME_AGAIN)),
            Verdict.UNWORKABLE,
            "No row passed the gates.",
        ),
    ],
)
def test_a_job_that_would_end_the_same_way_ends_the_request_until_a_retry(
    ended: Job, verdict: Verdict, reply: str
) -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    planned = plan(running, observed(jobs=(ended,)), POLICY, CURRENT)
    assert (planned.request.status, planned.request.verdict) == (Status.FAILED, verdict)
    assert not jobs_of(planned) and reply in str(planned.actions)
    record = replace(planned.request.step(Step.GENERATE), attempts_since_retry=0)
    again = planned.request.with_step(Step.GENERATE, record)
    again = replace(again, status=Status.OPEN, verdict=Verdict.NONE)
    assert len(jobs_of(plan(again, observed(), POLICY, CURRENT))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Another attempt would end the same way.",
        "kakugo-recipe train: Another attempt would end the same way.",
        "the teacher says: kakugo-recipe generate: Another attempt would end the same way.",
        "kakugo-recipe generate: Another attempt would end the same way. Not.",
    ],
)
def test_only_the_whole_line_of_its_own_step_ends_a_request(line: str) -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    failed = replace(job(JobStage.ERROR), log_tail=(line,))
    assert len(jobs_of(plan(running, observed(jobs=(failed,)), POLICY, CURRENT))) == 1


def test_a_job_that_somebody_cancelled_is_followed_by_the_next_attempt() -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    planned = plan(running, observed(jobs=(job(JobStage.CANCELED),)), POLICY, CURRENT)
    assert [action.attempt for action in jobs_of(planned)] == [2]


def test_an_existing_manifest_is_not_paid_for_again() -> None:
    manifests = {("r1", step): examples.manifest(scores=examples.SCORES) for step in Step}
    planned = plan(examples.request(), observed(manifests=manifests), POLICY, CURRENT)
    assert planned.request.status is Status.DONE
    assert not jobs_of(planned)


def test_closing_the_discussion_cancels_the_request() -> None:
    running = examples.request(steps={Step.GENERATE: RECORDS[3]})
    observation = observed(
        discussions={1: examples.discussion(open=False)}, jobs=(job(JobStage.RUNNING),)
    )
    planned = plan(running, observation, POLICY, CURRENT)
    assert planned.request.status is Status.CANCELLED
    assert EnsureCancelled("j1") in planned.actions


def test_a_hopeless_teacher_is_used_only_if_a_maintainer_approves() -> None:
    advice = Advice("hopeless", (Shortfall("script", 0.2, 0.5),), script=0.2)
    checked = {("r1", Step.CHECK): examples.manifest(advice=advice)}
    planned = plan(examples.request(), observed(manifests=checked), POLICY, CURRENT)
    assert (planned.request.status, planned.request.verdict) == (Status.FAILED, Verdict.HOPELESS)
    assert not jobs_of(planned) and "20% in the right script" in str(planned.actions)
    for who, status in (("ludoviko", Status.FAILED), ("ada", Status.OPEN)):
        discussion = examples.discussion(comments=(examples.comment("/approve", who),))
        after = plan(planned.request, observed(discussions={1: discussion}), POLICY, CURRENT)
        assert after.request.status is status
    assert [action.step for action in jobs_of(after)] == [Step.GENERATE]


def test_the_first_reply_shows_the_advice_once_it_exists() -> None:
    checked = {("r1", Step.CHECK): examples.manifest(advice=Advice("good", script=1.0, chrf=61.2))}
    planned = plan(examples.request(), observed(manifests=checked), POLICY, CURRENT)
    (text,) = [
        action.text
        for action in planned.actions
        if isinstance(action, EnsureReply) and action.kind == "plan"
    ]
    assert (
        "Result: good. In detail: 100% in the right script, chrF++ translation score 61.2" in text
    )
