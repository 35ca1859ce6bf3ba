"""New discussions: accepted, asked about, held or declined, and whose answers count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import replies
from bot.domain import costs
from bot.domain.actions import EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import Discussion, Teacher
from bot.domain.request import DayUse, Request, Status, TeacherRecord, Verdict
from bot.language import by_code
from bot.planner.due_replies import ANSWER_TIMEOUT
from bot.planner.plan import admit as admit_one
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, admit, observed, plan, situation

POLICY = examples.policy()


def kinds(planned: Plan) -> list[str]:
    return [action.kind for action in planned.actions if isinstance(action, EnsureReply)]


def answered(first: Plan, discussion: Discussion, *texts: str, author: str = "ludoviko") -> Plan:
    """Plan after the bot has replied and somebody has posted these comments."""
    comments = tuple(examples.comment(text, author, NOW - 5 + n) for n, text in enumerate(texts))
    discussion = replace(discussion, own_replies=examples.posted(first.actions), comments=comments)
    return plan(first.request, observed(discussions={discussion.num: discussion}), POLICY, CURRENT)


def test_a_language_name_is_accepted_and_answered() -> None:
    planned = admit(examples.discussion(), (), observed(), POLICY)
    assert planned.request.spec == examples.spec()
    assert kinds(planned) == ["plan", "status"]
    assert not any(isinstance(action, EnsureJob) for action in planned.actions)


def test_the_first_estimate_knows_what_an_earlier_check_has_measured() -> None:
    policy = examples.policy_with_fertility()
    usual = admit(examples.discussion(), (), observed(), policy).request.agreed_spec
    welsh, failed = by_code("cym_Latn"), {"status": Status.FAILED, "verdict": Verdict.BUDGET}
    others = [
        examples.request(id=f"r{num}", discussion=num, spec=replace(usual, **changes), **failed)
        for num, changes in ((2, {"fertility": 3.0}), (3, {"fertility": 6.0}), (4, {}),
                             (5, {"fertility": 9.0, "language": welsh}))
    ]  # fmt: skip
    spec = admit(examples.discussion(num=9), others, observed(), policy).request.agreed_spec
    assert spec.fertility == 6.0 and spec.estimate_usd > usual.estimate_usd


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("Klingonese Martian", Verdict.UNKNOWN),
        ("Esperantoo", Verdict.UNKNOWN),
        ("Kurdish", Verdict.AMBIGUOUS),
        ("?", Verdict.NO_NAME),
        ("x" * 30_000, Verdict.TOO_LONG),
        ("", Verdict.NO_NAME),
        ("hi", Verdict.CONFIRM),
        ("is", Verdict.CONFIRM),
        ("bug", Verdict.CONFIRM),
    ],
)
def test_an_unclear_title_leads_to_a_question_in_one_comment(title: str, verdict: Verdict) -> None:
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
def test_the_answer_is_read_from_the_next_comments(answer: str) -> None:
    discussion = examples.discussion("Esperantoo")
    asked = admit(discussion, (), observed(), POLICY)
    assert asked.request.choices[0] == "epo_Latn"
    accepted = answered(asked, discussion, "Hello everybody, nice project!", answer)
    assert accepted.request.status is Status.OPEN and accepted.request.spec == examples.spec()
    assert kinds(accepted) == ["plan", "status"]


@pytest.mark.parametrize("answer", ["yes", "Yes, please!", "ok", "1"])
def test_a_code_that_is_also_a_word_must_be_confirmed(answer: str) -> None:
    discussion = examples.discussion("hi")
    asked = admit(discussion, (), observed(), POLICY)
    assert by_code("hin_Deva").name in str(asked.actions)
    assert answered(asked, discussion, answer).request.verdict is Verdict.NO_TEACHER


def test_no_leads_to_another_question() -> None:
    discussion = examples.discussion("bug")
    asked = admit(discussion, (), observed(), POLICY)
    after = answered(asked, discussion, "no")
    assert (after.request.status, after.request.verdict) == (Status.ASKED, Verdict.NO_NAME)
    assert kinds(after) == ["question"]


def test_answers_of_strangers_do_not_count() -> None:
    discussion = examples.discussion("Esperantoo")
    asked = admit(discussion, (), observed(), POLICY)
    assert answered(asked, discussion, "1", author="mallory").request.status is Status.ASKED
    assert answered(asked, discussion, "1", author="ada").request.status is Status.OPEN


def test_an_unclear_answer_changes_the_question_in_place() -> None:
    discussion = examples.discussion("Esperantoo")
    after = answered(admit(discussion, (), observed(), POLICY), discussion, "Kurdish")
    assert after.request.verdict is Verdict.AMBIGUOUS
    (action,) = after.actions
    assert isinstance(action, EnsureReply) and action.comment_id


def test_an_unanswered_question_is_closed_after_a_while() -> None:
    for title, closed in (("Kurdish", True), ("The board is slow on my phone", False)):
        discussion = examples.discussion(title)
        asked = admit(discussion, (), observed(), POLICY)
        replied = replace(discussion, own_replies=examples.posted(asked.actions))
        later = observed(now=NOW + ANSWER_TIMEOUT + 1, discussions={1: replied})
        expired = plan(asked.request, later, POLICY, CURRENT)
        assert expired.request.verdict is Verdict.UNANSWERED
        assert any(isinstance(action, EnsureClosed) for action in expired.actions) is closed


@pytest.mark.parametrize("status", [Status.OPEN, Status.HELD, Status.DONE])
def test_a_second_request_points_to_the_first(status: Status) -> None:
    first = examples.request(id="r1", discussion=1, status=status)
    second = examples.discussion(num=2)
    planned = admit(second, (first,), observed(discussions={2: second}), POLICY)
    assert planned.request.verdict is Verdict.DUPLICATE
    assert "discussions/1" in str(planned.actions)
    assert ("When that request is done" in str(planned.actions)) is (status is not Status.DONE)


def test_a_failed_request_does_not_block_a_new_one() -> None:
    first = examples.request(status=Status.FAILED, verdict=Verdict.ATTEMPTS, reported=True)
    assert (
        admit(examples.discussion(num=2), (first,), observed(), POLICY).request.status
        is Status.OPEN
    )


def test_above_the_limit_a_maintainer_must_approve() -> None:
    low_limit, discussion = examples.policy(limit_usd=0.001), examples.discussion()
    held = admit(discussion, (), observed(), low_limit)
    assert (held.request.status, held.request.verdict) == (Status.HELD, Verdict.TOO_DEAR)
    assert kinds(held) == ["plan", "status"] and "/approve" in str(held.actions)

    def approve(author: str) -> Request:
        comments = (examples.comment("/approve", author),)
        own_replies = examples.posted(held.actions)
        replied = replace(discussion, own_replies=own_replies, comments=comments)
        return plan(held.request, observed(discussions={1: replied}), low_limit, CURRENT).request

    assert approve("ludoviko").status is Status.HELD
    assert approve("mallory").status is Status.HELD
    approved = approve("ada")
    assert approved.status is Status.OPEN and approved.steps
    assert approved.agreed_spec.cap_usd == pytest.approx(0.024167)


@pytest.mark.parametrize("limit", ["limit_usd", "person_usd", "day_usd"])
def test_the_cap_is_within_every_limit(limit: str) -> None:
    lowest = 0.004
    limits = {
        "limit_usd": Limits(),
        "person_usd": Limits(person_usd=lowest),
        "day_usd": Limits(day_usd=lowest),
    }[limit]
    policy = examples.policy(lowest if limit == "limit_usd" else 50.0, limits)
    spec = admit(examples.discussion(), (), observed(), policy).request.agreed_spec
    assert spec.cap_usd == lowest > spec.estimate_usd


def test_a_next_version_reserves_nothing_for_the_teacher() -> None:
    done = examples.request(id="r7", discussion=7, status=Status.DONE)
    discussion = examples.discussion(body="/improve", author="ada")
    now = situation(observed(teacher=Teacher("paused")), POLICY, (done,), TeacherRecord())
    request = admit_one(discussion, now).request
    assert request.status is Status.OPEN and not request.reserved_at


def test_an_approval_starts_nothing_before_the_budget_has_room() -> None:
    used = examples.request(id="r2", discussion=2, days={costs.day_of(NOW): DayUse(1.0)})
    held = examples.request(status=Status.HELD, verdict=Verdict.TOO_DEAR, reserved_at=NOW - 900)
    approved = examples.discussion(comments=(examples.comment("/approve", "ada"),))
    full = examples.policy(limits=Limits(day_usd=1.0))
    planned = plan(held, observed(discussions={1: approved}), full, CURRENT, used)
    assert planned.request.status is Status.OPEN and not planned.request.reserved_at
    assert not any(isinstance(action, EnsureJob) for action in planned.actions)


def test_requests_of_a_person_and_the_queue_are_limited() -> None:
    active = [examples.request(id=f"r{n}", discussion=n) for n in range(1, 6)]
    new = examples.discussion("Esperantoo", num=9)
    sixth = admit(new, active, observed(discussions={9: new}), POLICY)
    assert sixth.request.verdict is Verdict.TOO_MANY
    other = admit(replace(new, author="zamenhof"), active, observed(), POLICY)
    assert other.request.status is Status.ASKED


def test_the_queue_counts_requests_and_no_questions() -> None:
    limits = examples.policy(limits=Limits(queue=5))
    asked = [
        examples.request(id=f"r{n}", discussion=n, author=f"a{n}", status=Status.ASKED, spec=None)
        for n in range(2, 400)
    ]
    new = examples.discussion(num=1)
    assert admit(new, asked, observed(), limits).request.status is Status.OPEN
    accepted = [replace(each, status=Status.OPEN, spec=examples.spec()) for each in asked[:4]]
    held = replace(accepted[0], id="r500", discussion=500, status=Status.HELD)
    full = admit(new, [*accepted, held], observed(), limits)
    assert full.request.verdict is Verdict.FULL
    question = replace(accepted[0], id="r1", discussion=1, status=Status.ASKED, spec=None)
    answered = replace(new, comments=(examples.comment("Esperanto", question.author),))
    planned = plan(question, observed(discussions={1: answered}), limits, CURRENT, *accepted, held)
    assert planned.request.verdict is Verdict.FULL


def test_options_are_accepted_refused_or_named_by_their_line() -> None:
    body = "Hello!\nbase: kakugo-practice-base\nsize: huge\nno reasoning\nhat: `rm -rf /`\n"
    planned = admit(examples.discussion(body=body), (), observed(), POLICY)
    spec = planned.request.agreed_spec
    assert (spec.base, spec.refused_options, spec.unread_lines) == (
        POLICY.recipe.base,
        ("size", "reasoning"),
        (5,),
    )
    text = str(planned.actions)
    assert "Line 5 of" in text and "*size* and *reasoning*" in text and "rm -rf" not in text


def test_replies_do_not_quote_the_title() -> None:
    planned = admit(
        examples.discussion("<script>alert(1)</script> @everyone"), (), observed(), POLICY
    )
    assert "script" not in str(planned.actions) and "@" not in str(planned.actions)


def test_replies_name_similar_languages() -> None:
    planned = admit(examples.discussion("Welhs"), (), observed(), POLICY)
    assert by_code("cym_Latn").name in str(planned.actions)


def test_a_question_that_nobody_answered_is_not_listened_to() -> None:
    request = examples.request(status=Status.DECLINED, verdict=Verdict.UNANSWERED, spec=None)
    due = replies.due(request, None, POLICY)
    own = tuple(examples.own_reply(kind, text) for kind, text in due)
    discussion = examples.discussion(own_replies=own)
    planned = plan(request, observed(discussions={1: discussion}), POLICY, CURRENT)
    assert planned.request.reported and planned.request.archived and not planned.actions
