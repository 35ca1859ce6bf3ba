"""From a discussion to what is agreed: taken, asked about, held or declined; and who listens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.actions import EnsureClosed, EnsureJob, EnsureReply, Plan
from bot.domain.observation import Discussion
from bot.domain.request import Request, Status, Verdict
from bot.language import by_code
from bot.planner.due_replies import PATIENCE
from bot.planner.plan import admit
from bot.settings import Limits
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, plan, world

TERMS = examples.terms()


def kinds(planned: Plan) -> list[str]:
    return [order.kind for order in planned.orders if isinstance(order, EnsureReply)]


def answered(first: Plan, talk: Discussion, *texts: str, author: str = "ludoviko") -> Plan:
    """The plan after the bot's words stand there and somebody has said something more."""
    remarks = tuple(examples.remark(text, author, NOW - 5 + n) for n, text in enumerate(texts))
    heard = replace(talk, said=examples.heard(first.orders), remarks=remarks)
    return plan(first.next, world(discussions={talk.num: heard}), TERMS, CURRENT)


def test_a_name_is_taken_and_answered() -> None:
    planned = admit(examples.discussion(), (), world(), TERMS)
    assert planned.next.spec == examples.spec()
    assert kinds(planned) == ["plan", "status"]
    assert not any(isinstance(order, EnsureJob) for order in planned.orders)


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
    planned = admit(examples.discussion(title), (), world(), TERMS)
    assert (planned.next.status, planned.next.verdict) == (Status.ASKED, verdict)
    assert kinds(planned) == ["question"] and len(planned.orders) == 1


def test_a_language_without_a_teacher_is_declined_and_closed() -> None:
    planned = admit(examples.discussion("Welsh"), (), world(), TERMS)
    assert (planned.next.status, planned.next.verdict) == (Status.DECLINED, Verdict.NO_TEACHER)
    assert [type(order) for order in planned.orders] == [EnsureReply, EnsureClosed]


@pytest.mark.parametrize("answer", ["1", "1.", "Esperanto", "epo_Latn, please", "  esperanto  "])
def test_the_answer_is_read_from_the_next_comment(answer: str) -> None:
    talk = examples.discussion("Esperantoo")
    asked = admit(talk, (), world(), TERMS)
    assert asked.next.choices[0] == "epo_Latn"
    taken = answered(asked, talk, "Hello everybody, nice project!", answer)
    assert taken.next.status is Status.OPEN and taken.next.spec == examples.spec()
    assert kinds(taken) == ["plan", "status"]


@pytest.mark.parametrize("answer", ["yes", "Yes, please!", "ok", "1"])
def test_a_code_that_is_a_word_is_confirmed_first(answer: str) -> None:
    talk = examples.discussion("hi")
    asked = admit(talk, (), world(), TERMS)
    assert by_code("hin_Deva").name in str(asked.orders)
    assert answered(asked, talk, answer).next.verdict is Verdict.NO_TEACHER


def test_no_is_an_answer_too() -> None:
    talk = examples.discussion("bug")
    asked = admit(talk, (), world(), TERMS)
    after = answered(asked, talk, "no")
    assert (after.next.status, after.next.verdict) == (Status.ASKED, Verdict.NO_NAME)
    assert kinds(after) == ["question"]


def test_strangers_answer_nothing() -> None:
    talk = examples.discussion("Esperantoo")
    asked = admit(talk, (), world(), TERMS)
    assert answered(asked, talk, "1", author="mallory").next.status is Status.ASKED
    assert answered(asked, talk, "1", author="ada").next.status is Status.OPEN


def test_an_answer_that_is_doubtful_itself_changes_the_question_in_place() -> None:
    talk = examples.discussion("Esperantoo")
    after = answered(admit(talk, (), world(), TERMS), talk, "Kurdish")
    assert after.next.verdict is Verdict.AMBIGUOUS
    (order,) = after.orders
    assert isinstance(order, EnsureReply) and order.comment


def test_a_question_is_not_open_for_ever() -> None:
    for title, closed in (("Kurdish", True), ("The board is slow on my phone", False)):
        talk = examples.discussion(title)
        asked = admit(talk, (), world(), TERMS)
        heard = replace(talk, said=examples.heard(asked.orders))
        later = world(now=NOW + PATIENCE + 1, discussions={1: heard})
        given_up = plan(asked.next, later, TERMS, CURRENT)
        assert given_up.next.verdict is Verdict.UNANSWERED
        assert any(isinstance(order, EnsureClosed) for order in given_up.orders) is closed


def test_a_second_request_points_to_the_first() -> None:
    first = examples.request(id="r1", discussion=1)
    second = examples.discussion(num=2)
    planned = admit(second, (first,), world(discussions={2: second}), TERMS)
    assert planned.next.verdict is Verdict.DUPLICATE
    assert "discussions/1" in str(planned.orders)


def test_a_failed_request_does_not_stand_in_the_way() -> None:
    first = examples.request(status=Status.FAILED, verdict=Verdict.ATTEMPTS, told=True)
    assert admit(examples.discussion(num=2), (first,), world(), TERMS).next.status is Status.OPEN


def test_above_the_limit_a_maintainer_has_the_word() -> None:
    dear, talk = examples.terms(limit_usd=0.001), examples.discussion()
    held = admit(talk, (), world(), dear)
    assert (held.next.status, held.next.verdict) == (Status.HELD, Verdict.TOO_DEAR)
    assert kinds(held) == ["plan", "status"] and "/approve" in str(held.orders)

    def says(author: str) -> Request:
        heard = replace(talk, said=examples.heard(held.orders))
        heard = replace(heard, remarks=(examples.remark("/approve", author),))
        return plan(held.next, world(discussions={1: heard}), dear, CURRENT).next

    assert says("ludoviko").status is Status.HELD
    assert says("mallory").status is Status.HELD
    approved = says("ada")
    assert approved.status is Status.OPEN and approved.steps
    assert approved.agreed.cap_usd == pytest.approx(0.024167)


def test_people_and_the_queue_have_limits() -> None:
    under_way = [examples.request(id=f"r{n}", discussion=n) for n in range(1, 6)]
    new = examples.discussion("Esperantoo", num=9)
    greedy = admit(new, under_way, world(discussions={9: new}), TERMS)
    assert greedy.next.verdict is Verdict.TOO_MANY
    other = admit(replace(new, author="zamenhof"), under_way, world(), TERMS)
    assert other.next.status is Status.ASKED
    full = admit(new, under_way, world(), examples.terms(limits=Limits(queue=5)))
    assert full.next.verdict is Verdict.FULL


def test_options_are_granted_refused_or_named_by_their_line() -> None:
    body = "Hello!\nbase: kakugo-practice-base\nsize: huge\nno reasoning\nhat: `rm -rf /`\n"
    planned = admit(examples.discussion(body=body), (), world(), TERMS)
    spec = planned.next.agreed
    assert (spec.base, spec.refused, spec.unread) == (
        TERMS.programme.base,
        ("size", "reasoning"),
        (5,),
    )
    said = str(planned.orders)
    assert "line 5" in said and "*size* and *reasoning*" in said and "rm -rf" not in said


def test_replies_never_echo_a_stranger() -> None:
    planned = admit(examples.discussion("<script>alert(1)</script> @everyone"), (), world(), TERMS)
    assert "script" not in str(planned.orders) and "@" not in str(planned.orders)


def test_languages_in_replies_are_the_closed_vocabulary() -> None:
    planned = admit(examples.discussion("Welhs"), (), world(), TERMS)
    assert by_code("cym_Latn").name in str(planned.orders)
