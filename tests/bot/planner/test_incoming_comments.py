"""Commands in comments: which are understood, who may give them, and what they change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.actions import EnsureCancelled, EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import JobStage
from bot.domain.request import (
    Command,
    Reason,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    Verdict,
)
from bot.parsing.commands import read_command
from bot.planner.incoming_comments import MAX_ANSWERS
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, job, observed, plan

POLICY = examples.policy()
RUNNING = StepRecord(StepState.RUNNING, 1, 1, NOW - 300, "j1")
STUCK = StepRecord(StepState.FAILED, 3, 3, NOW - 300, "j1", reason=Reason.ERROR)


def after(request: Request, *remarks: tuple[str, str], **changes: object) -> Plan:
    """What follows when these people say these things."""
    heard = tuple(
        examples.comment(text, who, NOW - 50 + n) for n, (who, text) in enumerate(remarks)
    )
    discussion = examples.discussion(comments=heard)
    return plan(request, observed(discussions={1: discussion}, **changes), POLICY, CURRENT)


def answers(planned: Plan) -> list[str]:
    replies = [action for action in planned.actions if isinstance(action, EnsureReply)]
    return [action.text for action in replies if action.kind.startswith("answer")]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/status", Command.STATUS),
        ("/Status please", Command.STATUS),
        ("How far is it?", Command.STATUS),
        ("any news?", Command.STATUS),
        ("Could you please cancel this?", Command.CANCEL),
        ("stop", Command.CANCEL),
        ("/abort", Command.CANCEL),
        ("Please try again!", Command.RETRY),
        ("I approve this.", Command.APPROVE),
        ("approved, thank you", Command.APPROVE),
        ("how much would it cost?", Command.ESTIMATE),
        ("/help", Command.HELP),
        ("> /cancel\n\n/status", Command.STATUS),
        ("`/cancel`", Command.CANCEL),
        ("@kakugo-bot /status", Command.STATUS),
        ("@kakugo-bot, please cancel", Command.CANCEL),
        ("Hello!\n\n/retry", Command.RETRY),
        ("Please cancel this request.", Command.CANCEL),
        ("/cancle", Command.HELP),
        ("/statusquo", Command.HELP),
    ],
)
def test_words_and_their_natural_variants(text: str, command: Command) -> None:
    assert read_command(text) is command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "> /cancel",
        "I would never cancel such a beautiful thing",
        "Thank you very much for the help!",
        "please do not stop",
        "/cancel/../../etc",
        "don't cancel",
        "what is the status of Welsh in Patagonia?",
        "```\n/cancel\n```",
        "@ada cancel",
        "Hello!\nHow nice.\n/cancel",
    ],
)
def test_talk_is_no_command(text: str) -> None:
    assert read_command(text) is None


@given(st.text(max_size=400))
def test_any_text_is_a_word_or_none(text: str) -> None:
    assert read_command(text) in (None, *Command)


def test_status_estimate_and_help_are_answered_once_each() -> None:
    planned = after(
        examples.request(steps={Step.GENERATE: RUNNING}),
        ("ludoviko", "/status"),
        ("ludoviko", "/estimate"),
        ("ada", "/help"),
        jobs=(job(JobStage.RUNNING),),
    )
    now, cost, words = answers(planned)
    assert "generate, running" in now and "should cost" in cost and "`/retry`" in words
    assert planned.request.last_comment_at == NOW - 48
    again = after(planned.request, ("ludoviko", "/status"), jobs=(job(JobStage.RUNNING),))
    assert len(again.request.answers) == 3


@pytest.mark.parametrize("who", ["ludoviko", "ada"])
def test_cancel_stops_jobs_and_closes(who: str) -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(request, (who, "/cancel"), jobs=(job(JobStage.RUNNING),))
    assert (planned.request.status, planned.request.verdict) == (Status.CANCELLED, Verdict.STOPPED)
    assert EnsureCancelled("j1") in planned.actions and EnsureClosed(1) in planned.actions


def test_strangers_are_told_once_and_obeyed_never() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    tries = [("mallory", "/cancel"), ("mallory", "/approve"), ("eve", "/retry")] * 5
    planned = after(request, *tries, jobs=(job(JobStage.RUNNING),))
    assert planned.request.status is Status.OPEN
    assert len(answers(planned)) == 1


def test_members_of_the_organisation_are_maintainers() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(request, ("grace", "/cancel"), maintainers=frozenset({"grace"}))
    assert planned.request.status is Status.CANCELLED


def test_retry_goes_on_with_new_attempts_and_the_wheel_of_today() -> None:
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
    assert "failed1" in [o.kind for o in planned.actions if isinstance(o, EnsureReply)]


def test_money_that_is_used_up_needs_a_maintainer() -> None:
    spent = replace(STUCK, cost_usd=0.018)
    failed = examples.request(
        status=Status.FAILED, verdict=Verdict.BUDGET, reported=True, steps={Step.GENERATE: spent}
    )
    assert after(failed, ("ludoviko", "/retry")).request.status is Status.FAILED
    assert after(failed, ("ludoviko", "/approve")).request.status is Status.FAILED
    approved = after(failed, ("ada", "/approve")).request
    assert approved.status is Status.OPEN
    assert approved.agreed_spec.cap_usd == pytest.approx(0.018 + 0.024167)


def test_words_that_make_no_sense_now_say_so() -> None:
    done = examples.request(steps={Step.GENERATE: RUNNING})
    planned = after(
        done, ("ludoviko", "/retry"), ("ada", "/approve"), jobs=(job(JobStage.RUNNING),)
    )
    assert all("nothing to" in text for text in answers(planned))


def test_a_flood_of_commands_has_an_end() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    flood = [("ludoviko", "/status")] * 500
    planned = after(request, *flood, jobs=(job(JobStage.RUNNING),))
    assert len(planned.request.answers) == MAX_ANSWERS
