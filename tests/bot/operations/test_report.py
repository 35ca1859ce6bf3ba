"""What an operator reads: a dry run, the queue, one request in detail."""

from __future__ import annotations

from bot.controller.decision import decide
from bot.controller.ledger import LedgerSnapshot
from bot.domain.observation import Teacher
from bot.domain.request import (
    Answer,
    Command,
    Reason,
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
    Verdict,
)
from bot.language import by_code
from bot.operations import report
from tests.bot import examples
from tests.bot.examples import CURRENT, NOW, observed

POLICY = examples.policy()


def test_a_plan_lists_what_a_tick_would_do() -> None:
    snapshot = LedgerSnapshot("head", (examples.request(),), CURRENT)
    lines = list(report.plan_lines(decide(snapshot, observed(), POLICY), snapshot))
    assert lines[0] == "r1: check ordered"
    assert "  would start check of r1, attempt 1, on cpu-basic for at most 5 minutes" in lines
    assert "  would write the plan comment in discussion 1" in lines


def test_a_plan_may_wake_the_teacher_or_be_empty() -> None:
    snapshot = LedgerSnapshot("head", (examples.request(),), TeacherRecord())
    asleep = decide(snapshot, observed(teacher=Teacher("paused"), discussions={}), POLICY)
    assert "  would start the endpoint kakugo-teacher" in list(report.plan_lines(asleep, snapshot))
    empty = LedgerSnapshot("head", (), TeacherRecord())
    observation = observed(teacher=Teacher("paused"), discussions={})
    assert list(report.plan_lines(decide(empty, observation, POLICY), empty)) == ["nothing to do"]


def test_the_queue_leaves_out_archived_requests() -> None:
    archived = examples.request(id="r2", discussion=2, status=Status.DONE, archived=True)
    asked = examples.request(id="r3", discussion=3, status=Status.ASKED, spec=None)
    queue = [asked, archived, examples.request()]
    heading, *lines = report.request_lines(queue, everything=False)
    assert heading.split() == ["request", "status", "language", "step", "spent", "author"]
    assert [line.split()[0] for line in lines] == ["r1", "r3"]
    assert "epo_Latn" in lines[0] and "ludoviko" in lines[0]
    assert len(list(report.request_lines([asked, archived], everything=True))) == 3
    assert list(report.request_lines([], everything=False)) == ["no requests"]


def test_the_details_have_spec_steps_answers_and_history() -> None:
    record = StepRecord(StepState.FAILED, 3, 3, NOW, "j1", cost_usd=0.02, reason=Reason.ERROR)
    request = examples.request(
        status=Status.FAILED,
        verdict=Verdict.ATTEMPTS,
        steps={Step.GENERATE: record},
        answers=(Answer(Command.HELP, True, "words"),),
    )
    text = "\n".join(report.details(request, [(NOW, "r1: failed attempts")], POLICY))
    for part in (
        "r1: failed attempts",
        by_code("epo_Latn").name,
        "generate: failed, attempt 3, job j1, $0.0200, failed: error",
        "train: waiting",
        "/help: done",
        "discussions/1",
        "2027-01-15",
    ):
        assert part in text
