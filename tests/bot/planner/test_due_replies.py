"""Which replies are posted, once, and what the history says of a plan."""

from __future__ import annotations

from dataclasses import replace

from bot import replies
from bot.domain.actions import GRACE_SECONDS, EnsureReply
from bot.domain.request import Status, Step, StepRecord, StepState, Verdict
from bot.planner.due_replies import due_replies
from bot.planner.plan import _summary
from tests.bot import examples
from tests.bot.examples import NOW, observed, plan, situation

POLICY = examples.policy()
MADE = {step: StepRecord(StepState.MADE, 1, 1, NOW - 900, "j0", "n", 1.0) for step in Step}
del MADE[Step.IMPROVE]


def test_a_missing_reply_is_posted_again_only_after_the_grace() -> None:
    ordered = examples.request(replied_at={"plan": NOW, "status": NOW})
    for seconds, kinds in ((GRACE_SECONDS, []), (GRACE_SECONDS + 1, ["plan", "status"])):
        later = observed(now=NOW + seconds)
        due = due_replies(ordered, situation(later, POLICY, [ordered]))
        assert [each.kind for each in due.actions if isinstance(each, EnsureReply)] == kinds
        assert not due.complete


def test_nothing_is_posted_in_a_discussion_that_was_not_read_or_is_deleted() -> None:
    request = examples.request(replied_at={"plan": NOW})
    for deleted in (frozenset[int](), frozenset({1})):
        now = situation(observed(discussions={}, deleted=deleted), POLICY, [request])
        due = due_replies(request, now)
        assert (due.actions, due.replied_at) == ((), request.replied_at)
        assert due.complete is bool(deleted)


def test_a_result_is_reported_and_then_the_request_rests() -> None:
    done = examples.request(status=Status.DONE, steps=MADE)
    result = examples.manifest(scores=examples.SCORES)
    manifests = {("r1", Step.EVALUATE): result}
    first = plan(done, observed(manifests=manifests), POLICY)
    assert "result" in {each.kind for each in first.actions if isinstance(each, EnsureReply)}
    due = replies.due(done, result, POLICY)
    own = tuple(examples.own_reply(kind, text) for kind, text in due)
    for is_open in (True, False):
        discussion = examples.discussion(open=is_open, own_replies=own)
        seen = observed(manifests=manifests, discussions={1: discussion})
        after = plan(done, seen, POLICY).request
        assert after.reported is after.archived is (not is_open)


def test_the_history_says_what_has_changed() -> None:
    before = examples.request(steps={Step.GENERATE: StepRecord(StepState.RUNNING, 1)})
    record = replace(before.step(Step.GENERATE), progress_tenths=5)
    for after, summary in (
        (before.with_step(Step.GENERATE, record), "r1: generate running 50 %"),
        (replace(before, status=Status.DONE), "r1: done"),
        (replace(before, status=Status.CANCELLED, verdict=Verdict.CLOSED), "r1: cancelled closed"),
        (replace(before, reserved_at=NOW), "r1: update replies"),
    ):
        assert _summary(before, after) == summary
