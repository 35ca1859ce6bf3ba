"""Commands in comments: who may give them, and what they change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import EnsureCancelled, EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import JobStage
from bot.domain.request import (
    Reason,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    Verdict,
)
from bot.planner.incoming_comments import MAX_ANSWERS
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, job, observed, plan, posted

POLICY = examples.policy()
RUNNING = StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1")
STUCK = StepRecord(StepState.FAILED, 3, 3, NOW - 300, "j1", reason=Reason.ERROR)


def after(request: Request, *comments: tuple[str, str], **changes: object) -> Plan:
    """Plan after these people have written these texts."""
    written = tuple(
        examples.comment(text, who, NOW - 50 + n) for n, (who, text) in enumerate(comments)
    )
    discussion = examples.discussion(comments=written)
    return plan(request, observed(discussions={1: discussion}, **changes), POLICY, CURRENT)


def answers(planned: Plan) -> list[str]:
    replies = [action for action in planned.actions if isinstance(action, EnsureReply)]
    return [action.text for action in replies if action.kind.startswith("answer")]


def test_status_estimate_and_help_are_answered_once_each() -> None:
    planned = after(
        examples.request(steps={Step.GENERATE: RUNNING}),
        ("ludoviko", "/status"),
        ("ludoviko", "/estimate"),
        ("ada", "/help"),
        jobs=(job(JobStage.RUNNING),),
    )
    status, cost, commands = answers(planned)
    assert "generate, running" in status and "should cost" in cost and "`/retry`" in commands
    assert planned.request.last_comment_at == NOW - 48
    again = after(planned.request, ("ludoviko", "/status"), jobs=(job(JobStage.RUNNING),))
    assert len(again.request.answers) == 3


def test_the_cost_of_a_request_without_a_language_is_that_of_any() -> None:
    asked = examples.request(spec=None, status=Status.ASKED, verdict=Verdict.NO_NAME)
    (answer,) = answers(after(asked, ("ludoviko", "/estimate")))
    assert "$" in answer


@pytest.mark.parametrize("limits", [Limits(person_usd=0.01), Limits(day_usd=0.01)])
def test_an_approval_raises_the_cap_by_what_a_person_and_a_day_may_cost(limits: Limits) -> None:
    held = examples.request(status=Status.HELD, verdict=Verdict.TOO_DEAR)
    written = (examples.comment("/approve", "ada", NOW - 50),)
    observation = observed(discussions={1: examples.discussion(comments=written)})
    approved = plan(held, observation, examples.policy(limits=limits), CURRENT).request
    assert approved.status is Status.OPEN and approved.agreed_spec.cap_usd == 0.01


# Failed before: the first, as if somebody with a deleted account were everybody with one.
@pytest.mark.parametrize(
    ("author", "who"),
    [("", ""), ("ludoviko", ""), ("", "ludoviko"), ("ludoviko", "Ludoviko"),
     ("ludoviko", "ludoviko "), ("ludoviko", "ludovik\u043e"), ("ludoviko", "ludoviko\u200b"),
     ("ludoviko", "ludoviko\x00"), ("ludoviko", "@ludoviko"), ("ludoviko", "ADA"),
     ("ludoviko", "None")],
)  # fmt: skip
@pytest.mark.parametrize("text", ["/cancel", "/retry", "/approve"])
def test_nobody_is_somebody_else(author: str, who: str, text: str) -> None:
    request = examples.request(author=author, steps={Step.GENERATE: RUNNING})
    planned = after(request, (who, text), jobs=(job(JobStage.RUNNING),))
    assert planned.request.status is Status.OPEN and planned.request.retries == request.retries
    assert [answer.allowed for answer in planned.request.answers] == [False]


@pytest.mark.parametrize("who", ["ludoviko", "ada"])
def test_cancel_cancels_jobs_and_closes_the_discussion(who: str) -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(request, (who, "/cancel"), jobs=(job(JobStage.RUNNING),))
    assert (planned.request.status, planned.request.verdict) == (Status.CANCELLED, Verdict.STOPPED)
    assert EnsureCancelled("j1") in planned.actions and EnsureClosed(1) in planned.actions


def test_commands_of_strangers_get_one_reply_and_no_effect() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    tries = [("mallory", "/cancel"), ("mallory", "/approve"), ("eve", "/retry")] * 5
    planned = after(request, *tries, jobs=(job(JobStage.RUNNING),))
    assert planned.request.status is Status.OPEN
    assert len(answers(planned)) == 1


@pytest.mark.parametrize("command", ["cancel", "retry"])
def test_a_stranger_s_command_is_recorded_as_what_it_is(command: str) -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(request, ("mallory", f"/{command}"), jobs=(job(JobStage.RUNNING),))
    assert [answer.command.value for answer in planned.request.answers] == [command]


def test_two_comments_in_one_millisecond_are_both_heard() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    at = NOW - 5
    hello, cancel = (examples.comment(text, "ludoviko", at) for text in ("hello", "/cancel"))
    for order in ([hello, cancel], [cancel, hello]):
        heard = request
        for seen in (order[:1], order):
            discussion = examples.discussion(comments=tuple(seen))
            observation = observed(discussions={1: discussion}, jobs=(job(JobStage.RUNNING),))
            heard = plan(heard, observation, POLICY, CURRENT).request
        assert heard.status is Status.CANCELLED and len(heard.last_comment_ids) == 2


def test_a_record_without_ids_has_heard_all_comments_of_its_time() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING}, last_comment_at=NOW - 1)
    planned = plan(
        request,
        observed(
            discussions={1: examples.discussion(comments=(examples.comment("/cancel"),))},
            jobs=(job(JobStage.RUNNING),),
        ),
        POLICY,
        CURRENT,
    )
    assert planned.request.status is Status.OPEN


def test_members_of_the_organization_are_maintainers() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(request, ("grace", "/cancel"), maintainers=frozenset({"grace"}))
    assert planned.request.status is Status.CANCELLED


def test_retry_continues_with_new_attempts_and_the_current_wheel() -> None:
    failed = examples.request(
        status=Status.FAILED, verdict=Verdict.ATTEMPTS, reported=True, steps={Step.GENERATE: STUCK}
    )
    planned = after(failed, ("ludoviko", "/retry"), wheel_revision="beef")
    assert (
        planned.request.status is Status.OPEN
        and planned.request.agreed_spec.wheel_revision == "beef"
    )
    (action,) = [action for action in planned.actions if isinstance(action, EnsureJob)]
    assert (action.step, action.attempt) == (Step.GENERATE, 4)
    assert (
        planned.request.step(Step.GENERATE).attempts_since_retry == 1
        and not planned.request.reported
    )


def test_a_second_failure_is_a_new_comment() -> None:
    failed = examples.request(
        status=Status.FAILED,
        verdict=Verdict.ATTEMPTS,
        steps={Step.GENERATE: STUCK},
        retries=1,
    )
    planned = after(failed)
    assert "failed1" in [
        action.kind for action in planned.actions if isinstance(action, EnsureReply)
    ]


def test_a_spent_budget_needs_a_maintainer() -> None:
    spent = replace(STUCK, cost_usd=0.018)
    failed = examples.request(
        status=Status.FAILED, verdict=Verdict.BUDGET, reported=True, steps={Step.GENERATE: spent}
    )
    assert after(failed, ("ludoviko", "/retry")).request.status is Status.FAILED
    assert after(failed, ("ludoviko", "/approve")).request.status is Status.FAILED
    approved = after(failed, ("ada", "/approve")).request
    assert approved.status is Status.OPEN
    assert approved.agreed_spec.cap_usd == pytest.approx(0.018 + 0.024167)


def test_an_approval_after_a_budget_stop_goes_on_or_says_why_not() -> None:
    """It used to wait forever: the raised cap was more than a person may spend."""
    cap = examples.spec().cap_usd
    spent = replace(STUCK, cost_usd=cap)
    failed = examples.request(
        status=Status.FAILED, verdict=Verdict.BUDGET, reported=True, steps={Step.GENERATE: spent}
    )
    for person_usd, is_new_day, starts in (
        (3, False, True),
        (1.5, False, False),
        (1.5, True, True),
    ):
        poor = examples.policy(limits=Limits(person_usd=person_usd * cap))
        request = replace(failed, days={}) if is_new_day else failed
        discussion = examples.discussion(comments=(examples.comment("/approve", "ada"),))
        planned = plan(request, observed(discussions={1: discussion}), poor, CURRENT)
        assert planned.request.status is Status.OPEN
        assert any(isinstance(action, EnsureJob) for action in planned.actions) == starts
        (answer,) = planned.request.answers
        assert ("after midnight (UTC)" in answer.note) != starts


def test_commands_without_effect_are_answered_so() -> None:
    running = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(
        running, ("ludoviko", "/retry"), ("ada", "/approve"), jobs=(job(JobStage.RUNNING),)
    )
    assert all("nothing to" in text for text in answers(planned))


def over(status: Status, **changes: object) -> Request:
    """Return a request that is over and answered, whose discussion was closed long ago."""
    verdict = Verdict.NO_MODEL if status is Status.DECLINED else Verdict.ATTEMPTS
    told = {
        "status": status,
        "verdict": verdict,
        "choices": ("epo_Latn",),
        "reported": True,
        "archived": True,
        "last_comment_at": NOW - 500,
    }
    return examples.request(**{**told, **changes})


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED, Status.DECLINED, Status.CANCELLED])
@pytest.mark.parametrize("command", ["/status", "/help", "/retry", "/cancel", "/approve"])
def test_commands_in_a_closed_discussion_are_answered(status: Status, command: str) -> None:
    closed = examples.discussion(comments=(examples.comment(command, "ada"),), open=False)
    planned = plan(over(status), observed(discussions={1: closed}), POLICY, CURRENT)
    assert len(answers(planned)) == 1 and planned.request.status is status


@pytest.mark.parametrize("status", [Status.DONE, Status.FAILED, Status.DECLINED, Status.CANCELLED])
def test_a_reopened_discussion_is_answered_once(status: Status) -> None:
    planned = plan(over(status), observed(), POLICY, CURRENT)
    assert len(answers(planned)) == 1
    assert (EnsureClosed(1) in planned.actions) is (status is not Status.FAILED)
    later = observed(discussions={1: examples.discussion(own_replies=posted(planned.actions))})
    assert not answers(plan(planned.request, later, POLICY, CURRENT))


@pytest.mark.parametrize(
    ("status", "reply"), [(Status.DONE, "nothing to retry"), (Status.FAILED, "reopen it first")]
)
def test_a_retry_asks_for_reopening_only_where_it_can_help(status: Status, reply: str) -> None:
    closed = examples.discussion(comments=(examples.comment("/retry", "ada"),), open=False)
    (answer,) = answers(plan(over(status), observed(discussions={1: closed}), POLICY, CURRENT))
    assert reply in answer


def test_a_failed_request_continues_after_reopening() -> None:
    failed = over(Status.FAILED, verdict=Verdict.ATTEMPTS, steps={Step.GENERATE: STUCK})
    assert after(failed, ("ludoviko", "/retry")).request.status is Status.OPEN


def test_the_number_of_answers_is_limited() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    flood = [("ludoviko", "/status")] * 500
    planned = after(request, *flood, jobs=(job(JobStage.RUNNING),))
    assert len(planned.request.answers) == MAX_ANSWERS


def asked(verdict: Verdict, *choices: str) -> Request:
    posted_at = {"question": NOW - 60}
    return examples.request(
        spec=None, status=Status.ASKED, verdict=verdict, choices=choices, replied_at=posted_at
    )


NORWEGIAN = asked(Verdict.AMBIGUOUS, "nob_Latn", "nno_Latn")


def test_an_answer_that_is_not_understood_is_answered_at_most_twice() -> None:
    planned = after(NORWEGIAN, *[("ludoviko", "la dua")] * 5)
    assert planned.request.status is Status.ASKED
    first, second = answers(planned)
    assert "`1` or `2`" in first and first == second.replace("answer2", "answer1")
    assert after(planned.request, *[("ludoviko", "la dua")] * 5, ("ludoviko", "2")).request.spec


def test_an_unknown_name_is_answered_once() -> None:
    planned = after(asked(Verdict.NO_NAME), *[("ludoviko", "qwxyz")] * 3)
    (answer,) = answers(planned)
    assert "I do not know" in answer


@pytest.mark.parametrize(
    "comments",
    [
        [("mallory", "la dua")],
        [("ada", "la dua")],
        [("ludoviko", "Thanks!")],
        [("mallory", "I would take the second"), ("ludoviko", "agreed")],
    ],
)
def test_what_people_say_to_each_other_is_not_answered(comments: list[tuple[str, str]]) -> None:
    assert not answers(after(NORWEGIAN, *comments))
    assert not answers(after(asked(Verdict.NO_NAME), *comments))


def test_talk_about_an_accepted_request_is_not_answered() -> None:
    running = examples.request(steps={Step.GENERATE: RUNNING})
    assert not answers(after(running, ("ludoviko", "la dua"), jobs=(job(JobStage.RUNNING),)))
