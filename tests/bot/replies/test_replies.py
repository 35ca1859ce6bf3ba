"""Everything the bot writes, as a file to read: `replies.md` in this folder.

After a change, run `python -m tests.bot.replies.test_replies` and read the diff.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot import replies
from bot.domain.costs import estimate
from bot.domain.observation import (
    Advice,
    Change,
    ChatScore,
    Manifest,
    Overall,
    Shortfall,
    TooFewCorrections,
    Version,
)
from bot.domain.request import (
    Answer,
    Command,
    Reason,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    Verdict,
)
from tests.bot import examples

SNAPSHOT = Path(__file__).with_name("replies.md")
GOOD = examples.manifest(advice=Advice("good", (), 1.0, 84.2, 90.3, 2.14))
HOPELESS = examples.manifest(
    advice=Advice(
        "hopeless", (Shortfall("script", 0.41, 0.5), Shortfall("chrf", 8.2, 12.0)), 0.41, 8.2, 61.0
    )
)
ARABIC = (
    *("arb_Arab", "arz_Arab", "ary_Arab", "ayp_Arab", "ars_Arab", "acm_Arab", "aeb_Arab"),
    *("arq_Arab", "apd_Arab", "acq_Arab", "afb_Arab", "ayl_Arab", "acx_Arab", "shu_Arab"),
)
MADE = {
    Step.CHECK: StepRecord(
        StepState.MADE, 1, 1, examples.NOW, "j0", replies.step_note(Step.CHECK, GOOD), 4.2, 0.0001
    ),
    Step.GENERATE: StepRecord(
        StepState.MADE,
        1,
        1,
        examples.NOW,
        "j1",
        replies.step_note(Step.GENERATE, examples.manifest()),
        21.4,
        0.0004,
    ),
    Step.TRAIN: StepRecord(
        StepState.MADE,
        2,
        2,
        examples.NOW,
        "j3",
        replies.step_note(Step.TRAIN, examples.manifest()),
        80.2,
        0.0207,
    ),
}
EVALUATION = examples.manifest(
    scores=examples.SCORES,
    not_covered=("global_mmlu",),
    overall=Overall(
        Change(38.2, 31.0, 45.5),
        Change(-51.9, -60.0, -40.0),
        "lost",
        2.0,
        ChatScore("accuracy", 50, 0.96, 0.9),
    ),
)


def situations() -> dict[str, tuple[Request, Manifest | None]]:
    """Return every situation in which the bot writes something."""
    accepted = examples.request(reserved_at=examples.NOW)
    evaluated = StepRecord(
        StepState.MADE,
        1,
        1,
        examples.NOW,
        "j4",
        replies.step_note(Step.EVALUATE, EVALUATION),
        9.0,
        0.0001,
    )
    done = {**MADE, Step.EVALUATE: evaluated}
    running = {**MADE, Step.EVALUATE: StepRecord(StepState.RUNNING, 2, 2, reason=Reason.STUCK)}
    doubtful = StepRecord(StepState.MADE, 1, 1, examples.NOW, "j0", reason=Reason.HOPELESS)
    checked = {Step.CHECK: MADE[Step.CHECK]}
    halfway = {
        **checked,
        Step.GENERATE: StepRecord(StepState.RUNNING, 1, 1, examples.NOW, "j1", progress_tenths=4),
    }
    log_tail = ("RuntimeError: CUDA out of memory", "token=*** was used")

    def fail(verdict: Verdict, reason: Reason = Reason.ERROR, tries: int = 3) -> Request:
        record = StepRecord(
            StepState.FAILED, tries, tries, cost_usd=0.02, reason=reason, log_tail=log_tail
        )
        steps = {} if verdict is Verdict.TEACHER else {**checked, Step.GENERATE: record}
        return replace(accepted, status=Status.FAILED, verdict=verdict, steps=steps)

    def decline(verdict: Verdict, *choices: str) -> Request:
        return examples.request(status=Status.DECLINED, verdict=verdict, choices=choices, spec=None)

    def ask(verdict: Verdict, *choices: str) -> Request:
        return examples.request(status=Status.ASKED, verdict=verdict, choices=choices, spec=None)

    def answer(command: Command, note: str) -> Request:
        return examples.request(answers=(Answer(command, True, note),))

    with_options = replace(
        examples.spec(), base="org/other", refused_options=("base", "size"), unread_lines=(3, 7)
    )
    chosen = replace(
        examples.spec(),
        licence="cc-by-nc-4.0",
        variant="fundamenta",
        refused_options=("licence", "variant"),
    )
    asked = ask(Verdict.CONFIRM, "hin_Deva")

    def misunderstand(request: Request) -> Request:
        answers = (Answer(Command.UNKNOWN, True, replies.not_understood(request)),)
        return replace(request, answers=answers)

    cost = estimate(examples.recipe(), examples.PRICES)
    alone: dict[str, Request] = {
        "accepted": accepted,
        "accepted, with options": replace(accepted, spec=with_options),
        "above the limit": replace(
            accepted,
            status=Status.HELD,
            verdict=Verdict.TOO_DEAR,
            spec=replace(examples.spec(), estimate_usd=60.0),
        ),
        "waiting for its speakers": replace(
            accepted, status=Status.HELD, verdict=Verdict.COMMUNITY, spec=chosen
        ),
        "approved": replace(
            accepted, spec=replace(examples.spec(), estimate_usd=60.0, cap_usd=80.0)
        ),
        "generating data": replace(accepted, steps=halfway),
        "evaluating, second attempt": replace(accepted, steps=running),
        **{
            f"failed: {reason.value}": fail(Verdict.ATTEMPTS, reason)
            for reason in Reason
            if reason not in (Reason.NONE, Reason.HOPELESS, Reason.UNWORKABLE)
        },
        "the teacher did not start": fail(Verdict.TEACHER),
        "budget used up": fail(Verdict.BUDGET, Reason.NONE, 1),
        "no credit on the Hub": fail(Verdict.NO_CREDIT, Reason.NO_CREDIT, 1),
        "an attempt that can never work": fail(Verdict.UNWORKABLE, Reason.UNWORKABLE, 1),
        "the teacher is not good enough": replace(
            accepted,
            status=Status.FAILED,
            verdict=Verdict.HOPELESS,
            steps={Step.CHECK: replace(doubtful, note=replies.step_note(Step.CHECK, HOPELESS))},
        ),
        "/retry although the teacher is not good enough": answer(
            Command.RETRY, replies.needs_approval(Verdict.HOPELESS)
        ),
        "closed by somebody": replace(accepted, status=Status.CANCELLED, verdict=Verdict.CLOSED),
        "/cancel": replace(accepted, status=Status.CANCELLED, verdict=Verdict.STOPPED),
        "/cancel of a question": replace(asked, status=Status.CANCELLED, verdict=Verdict.STOPPED),
        "unknown, with a similar name": ask(Verdict.UNKNOWN, "cym_Latn"),
        "unknown": ask(Verdict.UNKNOWN),
        "ambiguous": ask(Verdict.AMBIGUOUS, "ckb_Arab", "kmr_Latn"),
        "several scripts": ask(Verdict.SCRIPT, "srp_Cyrl", "srp_Latn"),
        "ambiguous, 13 languages": ask(Verdict.AMBIGUOUS, *ARABIC[:13]),
        "ambiguous, 14 languages": ask(Verdict.AMBIGUOUS, *ARABIC[:14]),
        "one language in two scripts": ask(Verdict.AMBIGUOUS, "srp_Cyrl", "srp_Latn"),
        "a word that is also a code": asked,
        "no name": ask(Verdict.NO_NAME),
        "too long": ask(Verdict.TOO_LONG),
        "never answered": decline(Verdict.UNANSWERED, "ckb_Arab", "kmr_Latn"),
        "never answered, no language named": decline(Verdict.UNANSWERED),
        "no teacher for the language": decline(Verdict.NO_TEACHER, "cym_Latn"),
        "withdrawn by its speakers": decline(Verdict.WITHDRAWN, "gla_Latn"),
        "/retry after a withdrawal": answer(Command.RETRY, replies.withdrawn()),
        "nothing to improve": decline(Verdict.NO_MODEL, "epo_Latn"),
        "too few corrections": decline(Verdict.TOO_FEW, "epo_Latn", "2", "4"),
        "requested before": replace(
            decline(Verdict.DUPLICATE, "epo_Latn", "r7", "open"), spec=examples.spec()
        ),
        "requested before, and done": replace(
            decline(Verdict.DUPLICATE, "epo_Latn", "r7", "done"), spec=examples.spec()
        ),
        "requested before, in an old record": decline(Verdict.DUPLICATE, "epo_Latn", "r7"),
        "too many requests of one person": decline(Verdict.TOO_MANY),
        "too many requests": decline(Verdict.FULL),
        "an answer that is not understood": misunderstand(asked),
        "an answer to two languages": misunderstand(ask(Verdict.AMBIGUOUS, "ckb_Arab", "kmr_Latn")),
        "an answer to 14 languages": misunderstand(ask(Verdict.AMBIGUOUS, *ARABIC[:14])),
        "an answer to no name": misunderstand(ask(Verdict.NO_NAME)),
        "/status": answer(Command.STATUS, replies.current_status(replace(accepted, steps=halfway))),
        "/status of a question": answer(Command.STATUS, replies.current_status(asked)),
        "/estimate": answer(Command.ESTIMATE, replies.estimate(accepted, cost)),
        "/retry in a closed discussion": answer(Command.RETRY, replies.closed(Command.RETRY)),
        **{
            f"reopened: {status.value}": answer(
                Command.STATUS, replies.reopened(replace(accepted, status=status))
            )
            for status in (Status.DONE, Status.FAILED, Status.CANCELLED)
        },
        "/help": answer(Command.HELP, replies.help_text(examples.policy())),
        "/stauts": answer(Command.HELP, replies.unknown_command(examples.policy())),
        "/retry": answer(Command.RETRY, replies.continues(Command.RETRY)),
        "/approve": answer(Command.APPROVE, replies.continues(Command.APPROVE)),
        "/approve without a budget": answer(
            Command.APPROVE, replies.continues_tomorrow(Command.APPROVE)
        ),
        "/retry without budget": answer(Command.RETRY, replies.needs_approval(Verdict.BUDGET)),
        "/cancel by a stranger": answer(Command.CANCEL, replies.not_allowed(Command.CANCEL)),
        "/approve by the requester": answer(Command.APPROVE, replies.not_allowed(Command.APPROVE)),
        **{
            f"/{command.value} without effect": answer(
                command, replies.not_applicable(command, accepted)
            )
            for command in (Command.CANCEL, Command.RETRY, Command.APPROVE)
        },
    }
    finished = replace(accepted, status=Status.DONE, steps=done)
    improving = replace(accepted, spec=replace(examples.spec(), improves=True, estimate_usd=0.001))
    improved: dict[str, tuple[Request, Manifest | None]] = {
        "next version requested": (improving, None),
        "next version requested by a stranger": (
            replace(improving, status=Status.HELD, verdict=Verdict.COMMUNITY),
            None,
        ),
    }
    better = Version("v2", promoted=True, fresh=True, gain_before=Change(75.9, 70.0, 81.2))
    outcomes: dict[str, Version | TooFewCorrections] = {
        "next version is better": better,
        "next version is worse": Version("v3", promoted=False, fresh=True),
        "no corrections for a next version": Version("v3", promoted=False, fresh=False),
        "too few usable corrections": TooFewCorrections(2, 4),
    }
    for name, version in outcomes.items():
        overall = EVALUATION.overall if version is better else Overall()
        manifest = examples.manifest(version=version, overall=overall)
        note = replies.step_note(Step.IMPROVE, manifest)
        record = StepRecord(StepState.MADE, 1, 1, examples.NOW, "j5", note, 9.0)
        finished_version = replace(improving, status=Status.DONE, steps={Step.IMPROVE: record})
        improved[name] = finished_version, manifest
    others = {name: (request, None) for name, request in alone.items()}
    return {"done": (finished, EVALUATION), **improved, **others}


def rendered() -> str:
    """Return the new texts of each situation; repeated ones are left out."""
    parts, written = (
        ["Generated by test_replies.py: what the bot writes in each situation.\n"],
        set(),
    )
    for situation, (request, evaluation) in situations().items():
        parts.append(f"\n# {situation}\n")
        for kind, text in replies.due(request, evaluation, examples.policy()):
            if text not in written:
                parts.append(f"\n## {kind}\n\n{text}\n")
            written.add(text)
    return "".join(parts)


def test_replies_are_those_of_the_snapshot() -> None:
    assert rendered() == SNAPSHOT.read_text(encoding="utf-8")


def test_the_snapshot_has_every_verdict_and_status() -> None:
    verdicts = {request.verdict for request, _ in situations().values()}
    assert verdicts == set(Verdict)
    assert {request.status for request, _ in situations().values()} == set(Status)


if __name__ == "__main__":
    SNAPSHOT.write_text(rendered(), encoding="utf-8")
