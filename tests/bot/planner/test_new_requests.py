"""New discussions: accepted, asked about, held or declined, and whose answers count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import Discussion
from bot.domain.request import Request, Status, Verdict
from bot.language import by_code
from bot.planner.due_replies import ANSWER_TIMEOUT
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, admit, observed, plan

POLICY = examples.policy()


def kinds(planned: Plan) -> list[str]:
    return [action.kind for action in planned.actions if isinstance(action, EnsureReply)]


def answered(first: Plan, discussion: Discussion, *texts: str, author: str = "ludoviko") -> Plan:
    """Plan after the bot has replied and somebody has posted these comments."""
    remarks = tuple(examples.comment(text, author, NOW - 5 + n) for n, text in enumerate(texts))
    heard = replace(discussion, own_replies=examples.posted(first.actions), comments=remarks)
    return plan(first.request, observed(discussions={discussion.num: heard}), POLICY, CURRENT)


def test_a_name_is_taken_and_answered() -> None:
    planned = admit(examples.discussion(), (), observed(), POLICY)
    assert planned.request.spec == examples.spec()
    assert kinds(planned) == ["plan", "status"]
    assert not any(isinstance(action, EnsureJob) for action in planned.actions)


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("Klingonese Martian", Verdict.UNKNOWN),
        ("Esperantoo", Verdict.UNKNOWN),
        ("Kurdish", Verdict.AMBIGUOUS),
        ("?", Verdict.UNKNOWN),
        ("x" * 30_000, Verdict.TOO_LONG),
        ("", Verdict.NO_NAME),
        ("hi", Verdict.CONFIRM),
        ("is", Verdict.CONFIRM),
        ("bug", Verdict.CONFIRM),
    ],
)
def test_what_is_not_clear_is_asked_back_in_one_comment(title: str, verdict: Verdict) -> None:
    planned = admit(examples.discussion(title), (), observed(), POLICY)
    assert (planned.request.status, planned.request.verdict) == (Status.ASKED, verdict)
    assert kinds(planned) == ["question"] and len(planned.actions) == 1


def test_a_language_without_a_teacher_is_declined_and_closed() -> None:
    planned = admit(examples.discussion("Welsh"), (), observed(), POLICY)
    assert (planned.request.status, planned.request.verdict) == (
        Status.DECLINED,
        Verdict.NO_TEACHER,
    )
    assert [type(action) for action in planned.actions] == [EnsureReply, EnsureClosed]


@pytest.mark.parametrize("answer", ["1", "1.", "Esperanto", "epo_Latn, please", "  esperanto  "])
def test_the_answer_is_read_from_the_next_comment(answer: str) -> None:
    discussion = examples.discussion("Esperantoo")
    asked = admit(discussion, (), observed(), POLICY)
    assert asked.request.choices[0] == "epo_Latn"
    taken = answered(asked, discussion, "Hello everybody, nice project!", answer)
    assert taken.request.status is Status.OPEN and taken.request.spec == examples.spec()
    assert kinds(taken) == ["plan", "status"]


@pytest.mark.parametrize("answer", ["yes", "Yes, please!", "ok", "1"])
def test_a_code_that_is_a_word_is_confirmed_first(answer: str) -> None:
    discussion = examples.discussion("hi")
    asked = admit(discussion, (), observed(), POLICY)
    assert by_code("hin_Deva").name in str(asked.actions)
    assert answered(asked, discussion, answer).request.verdict is Verdict.NO_TEACHER


def test_no_is_an_answer_too() -> None:
    discussion = examples.discussion("bug")
    asked = admit(discussion, (), observed(), POLICY)
    after = answered(asked, discussion, "no")
    assert (after.request.status, after.request.verdict) == (Status.ASKED, Verdict.NO_NAME)
    assert kinds(after) == ["question"]


def test_strangers_answer_nothing() -> None:
    discussion = examples.discussion("Esperantoo")
    asked = admit(discussion, (), observed(), POLICY)
    assert answered(asked, discussion, "1", author="mallory").request.status is Status.ASKED
    assert answered(asked, discussion, "1", author="ada").request.status is Status.OPEN


def test_an_answer_that_is_doubtful_itself_changes_the_question_in_place() -> None:
    discussion = examples.discussion("Esperantoo")
    after = answered(admit(discussion, (), observed(), POLICY), discussion, "Kurdish")
    assert after.request.verdict is Verdict.AMBIGUOUS
    (action,) = after.actions
    assert isinstance(action, EnsureReply) and action.comment_id


def test_a_question_is_not_open_for_ever() -> None:
    for title, closed in (("Kurdish", True), ("The board is slow on my phone", False)):
        discussion = examples.discussion(title)
        asked = admit(discussion, (), observed(), POLICY)
        heard = replace(discussion, own_replies=examples.posted(asked.actions))
        later = observed(now=NOW + ANSWER_TIMEOUT + 1, discussions={1: heard})
        given_up = plan(asked.request, later, POLICY, CURRENT)
        assert given_up.request.verdict is Verdict.UNANSWERED
        assert any(isinstance(action, EnsureClosed) for action in given_up.actions) is closed


def test_a_second_request_points_to_the_first() -> None:
    first = examples.request(id="r1", discussion=1)
    second = examples.discussion(num=2)
    planned = admit(second, (first,), observed(discussions={2: second}), POLICY)
    assert planned.request.verdict is Verdict.DUPLICATE
    assert "discussions/1" in str(planned.actions)


def test_a_failed_request_does_not_stand_in_the_way() -> None:
    first = examples.request(status=Status.FAILED, verdict=Verdict.ATTEMPTS, reported=True)
    assert (
        admit(examples.discussion(num=2), (first,), observed(), POLICY).request.status
        is Status.OPEN
    )


def test_above_the_limit_a_maintainer_has_the_word() -> None:
    low_limit, discussion = examples.policy(limit_usd=0.001), examples.discussion()
    held = admit(discussion, (), observed(), low_limit)
    assert (held.request.status, held.request.verdict) == (Status.HELD, Verdict.TOO_DEAR)
    assert kinds(held) == ["plan", "status"] and "/approve" in str(held.actions)

    def says(author: str) -> Request:
        heard = replace(discussion, own_replies=examples.posted(held.actions))
        heard = replace(heard, comments=(examples.comment("/approve", author),))
        return plan(held.request, observed(discussions={1: heard}), low_limit, CURRENT).request

    assert says("ludoviko").status is Status.HELD
    assert says("mallory").status is Status.HELD
    approved = says("ada")
    assert approved.status is Status.OPEN and approved.steps
    assert approved.agreed_spec.cap_usd == pytest.approx(0.024167)


def test_people_and_the_queue_have_limits() -> None:
    under_way = [examples.request(id=f"r{n}", discussion=n) for n in range(1, 6)]
    new = examples.discussion("Esperantoo", num=9)
    greedy = admit(new, under_way, observed(discussions={9: new}), POLICY)
    assert greedy.request.verdict is Verdict.TOO_MANY
    other = admit(replace(new, author="zamenhof"), under_way, observed(), POLICY)
    assert other.request.status is Status.ASKED
    full = admit(new, under_way, observed(), examples.policy(limits=Limits(queue=5)))
    assert full.request.verdict is Verdict.FULL


def test_options_are_granted_refused_or_named_by_their_line() -> None:
    body = "Hello!\nbase: kakugo-practice-base\nsize: huge\nno reasoning\nhat: `rm -rf /`\n"
    planned = admit(examples.discussion(body=body), (), observed(), POLICY)
    spec = planned.request.agreed_spec
    assert (spec.base, spec.refused_options, spec.unread_lines) == (
        POLICY.recipe.base,
        ("size", "reasoning"),
        (5,),
    )
    said = str(planned.actions)
    assert "Line 5 of" in said and "*size* and *reasoning*" in said and "rm -rf" not in said


def test_replies_never_echo_a_stranger() -> None:
    planned = admit(
        examples.discussion("<script>alert(1)</script> @everyone"), (), observed(), POLICY
    )
    assert "script" not in str(planned.actions) and "@" not in str(planned.actions)


def test_languages_in_replies_are_the_closed_vocabulary() -> None:
    planned = admit(examples.discussion("Welhs"), (), observed(), POLICY)
    assert by_code("cym_Latn").name in str(planned.actions)
