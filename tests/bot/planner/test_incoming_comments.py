"""Commands in comments: which words are heard, from whom, and what they change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.actions import EnsureCancelled, EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import Stage
from bot.domain.request import Reason, Request, State, Status, Step, StepRecord, Verdict, Word
from bot.parsing.commands import read_word
from bot.planner.incoming_comments import MOST_ANSWERS
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, job, plan, world

TERMS = examples.terms()
RUNNING = StepRecord(State.RUNNING, 1, 1, NOW - 300, "j1")
STUCK = StepRecord(State.FAILED, 3, 3, NOW - 300, "j1", reason=Reason.ERROR)


def said(request: Request, *remarks: tuple[str, str], **changes: object) -> Plan:
    """What follows when these people say these things."""
    heard = tuple(examples.remark(text, who, NOW - 50 + n) for n, (who, text) in enumerate(remarks))
    talk = examples.discussion(remarks=heard)
    return plan(request, world(discussions={1: talk}, **changes), TERMS, CURRENT)


def answers(planned: Plan) -> list[str]:
    replies = [order for order in planned.orders if isinstance(order, EnsureReply)]
    return [order.text for order in replies if order.kind.startswith("answer")]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/status", Word.STATUS),
        ("/Status please", Word.STATUS),
        ("How far is it?", Word.STATUS),
        ("any news?", Word.STATUS),
        ("Could you please cancel this?", Word.CANCEL),
        ("stop", Word.CANCEL),
        ("/abort", Word.CANCEL),
        ("Please try again!", Word.RETRY),
        ("I approve this.", Word.APPROVE),
        ("approved, thank you", Word.APPROVE),
        ("how much would it cost?", Word.ESTIMATE),
        ("/help", Word.HELP),
        ("> /cancel\n\n/status", Word.STATUS),
        ("`/cancel`", Word.CANCEL),
        ("@kakugo-bot /status", Word.STATUS),
        ("@kakugo-bot, please cancel", Word.CANCEL),
        ("Hello!\n\n/retry", Word.RETRY),
        ("Please cancel this request.", Word.CANCEL),
        ("/cancle", Word.HELP),
        ("/statusquo", Word.HELP),
    ],
)
def test_words_and_their_natural_variants(text: str, word: Word) -> None:
    assert read_word(text) is word


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
    assert read_word(text) is None


@given(st.text(max_size=400))
def test_any_text_is_a_word_or_none(text: str) -> None:
    assert read_word(text) in (None, *Word)


def test_status_estimate_and_help_are_answered_once_each() -> None:
    planned = said(
        examples.request(steps={Step.GENERATE: RUNNING}),
        ("ludoviko", "/status"),
        ("ludoviko", "/estimate"),
        ("ada", "/help"),
        jobs=(job(Stage.RUNNING),),
    )
    now, cost, words = answers(planned)
    assert "generate, running" in now and "should cost" in cost and "`/retry`" in words
    assert planned.next.heard == NOW - 48
    again = said(planned.next, ("ludoviko", "/status"), jobs=(job(Stage.RUNNING),))
    assert len(again.next.answers) == 3


@pytest.mark.parametrize("who", ["ludoviko", "ada"])
def test_cancel_stops_jobs_and_closes(who: str) -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = said(request, (who, "/cancel"), jobs=(job(Stage.RUNNING),))
    assert (planned.next.status, planned.next.verdict) == (Status.CANCELLED, Verdict.STOPPED)
    assert EnsureCancelled("j1") in planned.orders and EnsureClosed(1) in planned.orders


def test_strangers_are_told_once_and_obeyed_never() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    tries = [("mallory", "/cancel"), ("mallory", "/approve"), ("eve", "/retry")] * 5
    planned = said(request, *tries, jobs=(job(Stage.RUNNING),))
    assert planned.next.status is Status.OPEN
    assert len(answers(planned)) == 1


def test_members_of_the_organisation_are_maintainers() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    planned = said(request, ("grace", "/cancel"), maintainers=frozenset({"grace"}))
    assert planned.next.status is Status.CANCELLED


def test_retry_goes_on_with_new_attempts_and_the_wheel_of_today() -> None:
    failed = examples.request(
        status=Status.FAILED, verdict=Verdict.ATTEMPTS, told=True, steps={Step.GENERATE: STUCK}
    )
    planned = said(failed, ("ludoviko", "/retry"), code="beef")
    assert planned.next.status is Status.OPEN and planned.next.agreed.code == "beef"
    (order,) = [order for order in planned.orders if isinstance(order, EnsureJob)]
    assert (order.step, order.attempt) == (Step.GENERATE, 4)
    assert planned.next.step(Step.GENERATE).tries == 1 and not planned.next.told


def test_a_second_failure_is_a_new_comment() -> None:
    failed = examples.request(
        status=Status.FAILED,
        verdict=Verdict.ATTEMPTS,
        steps={Step.GENERATE: STUCK},
        retries=1,
    )
    planned = said(failed)
    assert "failed1" in [o.kind for o in planned.orders if isinstance(o, EnsureReply)]


def test_money_that_is_used_up_needs_a_maintainer() -> None:
    spent = replace(STUCK, cost_usd=0.018)
    failed = examples.request(
        status=Status.FAILED, verdict=Verdict.BUDGET, told=True, steps={Step.GENERATE: spent}
    )
    assert said(failed, ("ludoviko", "/retry")).next.status is Status.FAILED
    assert said(failed, ("ludoviko", "/approve")).next.status is Status.FAILED
    approved = said(failed, ("ada", "/approve")).next
    assert approved.status is Status.OPEN
    assert approved.agreed.cap_usd == pytest.approx(0.018 + 0.024167)


def test_words_that_make_no_sense_now_say_so() -> None:
    done = examples.request(steps={Step.GENERATE: RUNNING})
    planned = said(done, ("ludoviko", "/retry"), ("ada", "/approve"), jobs=(job(Stage.RUNNING),))
    assert all("nothing to" in text for text in answers(planned))


def test_a_flood_of_commands_has_an_end() -> None:
    request = examples.request(steps={Step.GENERATE: RUNNING})
    flood = [("ludoviko", "/status")] * 500
    planned = said(request, *flood, jobs=(job(Stage.RUNNING),))
    assert len(planned.next.answers) == MOST_ANSWERS
