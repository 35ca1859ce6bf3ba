"""What is said of a request that was taken: its plan, its state, its result or its end."""

from __future__ import annotations

from bot.domain import names, steps
from bot.domain.observation import Advice, Manifest, Score, Version
from bot.domain.policy import Policy
from bot.domain.request import Reason, Request, Status, Step, StepRecord, StepState, Verdict
from bot.replies.phrases import listed, minutes, money, named, sentence

_STATES = {
    StepState.WAITING: "waiting",
    StepState.ORDERED: "starting",
    StepState.RUNNING: "running",
    StepState.MADE: "done",
    StepState.FAILED: "failed",
}

_BENCHMARKS = {
    "flores": "Translation",
    "sib200": "Topic classification",
    "belebele": "Reading comprehension",
    "global_mmlu": "Knowledge questions",
}

_MEASURED = {
    "answered": "the share of questions that were answered",
    "script": "the share in the right script",
    "language": "the share in the right language",
    "structured": "the share in the shape asked for",
    "chrf": "the chrF++ against known sentences",
    "round_trip": "the chrF++ there and back",
    "fertility": "the number of tokens (times English)",
    "bytes": "the share of tokens that are pieces of letters",
}

_REASONS = {
    Reason.ERROR: "its job ended with an error",
    Reason.CANCELED: "its job was cancelled on the Hub",
    Reason.NOTHING_MADE: "its job ended well but left no result",
    Reason.STUCK: "no hardware became free for its job",
    Reason.OVERDUE: "its job ran beyond its time limit",
    Reason.VANISHED: "its job is not on the Hub any more",
}


def plan(request: Request, policy: Policy) -> str:
    spec = request.agreed_spec
    rows = steps.rows(spec)
    expected = sum(policy.recipe.steps[row.step].expected_minutes for row in rows)
    what = "the next version of the model of " if spec.improves else ""
    lines = [
        f"Hello! I understand this as a request for {what}**{named(spec.language)}**.",
        "",
        "This is what I am going to do:",
        "",
        *(f"{n}. {sentence(row.description)}" for n, row in enumerate(rows, 1)),
        "",
        f"It should take about {minutes(expected)} and cost "
        f"**{money(spec.estimate_usd)}**. {_permission(request, policy)}",
        *_options(request, policy),
        *_advice(request),
        "",
        "If I misunderstood the language, close this discussion or write `/cancel`: that stops "
        "everything. `/help` lists what else I understand.",
    ]
    return "\n".join([*lines, *_practice(policy)])


def _permission(request: Request, policy: Policy) -> str:
    if request.verdict is Verdict.COMMUNITY:
        return (
            "The speakers of this language want to be asked first: I start as soon as one of the "
            "stewards whom they named, or a maintainer, writes `/approve`."
        )
    if request.status is Status.HELD:
        return (
            f"That is more than the ${policy.limit_usd:.2f} I may spend without asking: I start as "
            "soon as a maintainer writes `/approve`."
        )
    most = money(request.agreed_spec.cap_usd)
    if request.agreed_spec.estimate_usd > policy.limit_usd:
        return f"A maintainer approved it; I stop at {most}. I report below."
    return (
        f"That is within what I may spend without asking, and I stop at {most}: I start now and "
        "report below."
    )


def _advice(request: Request) -> list[str]:
    """What the check found, once it has."""
    note = request.step(Step.CHECK).note
    return ["", f"I have asked the teacher a few things first. My advice: {note}."] if note else []


def _options(request: Request, policy: Policy) -> list[str]:
    """What was asked for beside the language: granted, refused by name, or not understood."""
    spec, lines = request.agreed_spec, []
    if spec.base != policy.recipe.base:
        lines.append(f"I train `{spec.base}`, as you asked.")
    if spec.variant:
        lines.append(f"I write the variant `{spec.variant}`, as its speakers described it.")
    if spec.licence:
        lines.append(f"The data will be under the licence `{spec.licence}`.")
    if spec.refused_options:
        wishes = listed([f"*{key}*" for key in spec.refused_options])
        lines.append(f"You also said something about {wishes}: here that cannot be chosen.")
        if "base" in spec.refused_options:
            known = ", ".join(f"`{base}`" for base in policy.recipe.bases)
            lines.append(f"Base models that I can train: {known}.")
        if "licence" in spec.refused_options and policy.recipe.licences:
            known = ", ".join(f"`{licence}`" for licence in policy.recipe.licences)
            lines.append(f"Licences on offer, unless the speakers chose one: {known}.")
        if "variant" in spec.refused_options:
            lines.append("Variants are described by the speakers, in the language's profile.")
    if spec.unread_lines:
        where = listed([str(number) for number in spec.unread_lines])
        line = "line" if len(spec.unread_lines) == 1 else "lines"
        lines.append(
            f"I do not know the option in {line} {where} of your text; I know `base`, "
            "`licence`, `variant`, `size`, `teacher` and `reasoning`."
        )
    return ["", " ".join(lines)] if lines else []


def status(request: Request, policy: Policy) -> str:
    rows = [
        _status_row(row.step, row.product, request.step(row.step), request, policy)
        for row in steps.rows(request.spec)
    ]
    table = ["| step | state | result | time | cost |", "|---|---|---|---|---|", *rows]
    spent = (
        f"Spent so far: {money(request.spent_usd)}. Expected in all: "
        f"{money(request.agreed_spec.estimate_usd)}."
    )
    return "\n".join([f"**Status: {headline(request)}**", "", *table, "", spent])


def headline(request: Request) -> str:
    """How far a request is, in a few words."""
    if request.status is Status.ASKED:
        return "waiting for your answer"
    if request.verdict is Verdict.COMMUNITY:
        return "waiting for the word of its speakers"
    if request.status is Status.HELD:
        return "waiting for a maintainer's word"
    if request.status is not Status.OPEN:
        return request.status.value
    step = steps.current(request)
    if step is None:
        return "finishing"
    record = request.step(step)
    if record.state is StepState.WAITING and steps.row(step).needs_teacher:
        return "waiting for its turn and for the teacher to wake"
    if record.state is StepState.FAILED:
        return f"{step.value}, about to be tried again"
    return f"{step.value}, {_STATES[record.state]}"


def _status_row(
    step: Step, makes: str, record: StepRecord, request: Request, policy: Policy
) -> str:
    repo, repo_type, _ = steps.output(policy.org, request, step)
    made = record.state is StepState.MADE
    link = f"[{makes}]({names.repo_url(policy.endpoint, repo, repo_type)})" if made else ""
    # The plan shows all of the advice.
    told = record.note.partition(":")[0] if step is Step.CHECK else record.note
    outcome = ": ".join(filter(None, (link, told, _trouble(record))))
    state = _STATES[record.state]
    if record.state is StepState.RUNNING and record.progress_tenths:
        state += f", {10 * record.progress_tenths} %"
    if record.attempt > 1:
        state += f" (attempt {record.attempt})"
    took = f"{record.seconds:.0f} s" if made else ""
    cost = money(record.cost_usd) if made or record.cost_usd else ""
    return f"| {step.value} | {state} | {outcome} | {took} | {cost} |"


def _trouble(record: StepRecord) -> str:
    """Why the last attempt failed, until another one is made."""
    if record.state is StepState.MADE or record.reason is Reason.NONE:
        return ""
    before = "" if record.state is StepState.FAILED else "the attempt before failed: "
    return f"{before}{_REASONS[record.reason]}"


def note(step: Step, manifest: Manifest) -> str:
    """A few words on what a finished step made."""
    if manifest.advice is not None:
        return advice(manifest.advice)
    if manifest.version is not None:
        return f"`{manifest.version.tag}`, {'' if manifest.version.promoted else 'not '}in use"
    if step is Step.GENERATE:
        stopped = "; stopped where its money ended" if manifest.stopped else ""
        return f"{manifest.kept:,} rows kept, {manifest.dropped:,} dropped by the gates{stopped}"
    if step is Step.TRAIN:
        return f"trained on {manifest.kept:,} rows"
    better = sum(score.significant and score.adapter > score.base for score in manifest.scores)
    return f"significantly better on {better} of {len(manifest.scores)} measures"


def advice(found: Advice) -> str:
    """`good: right script 100 %, chrF++ 84.2 …`, and what does not reach its floor."""
    figures = [
        _figure("right script {:.0%}", found.script),
        _figure("chrF++ {:.0f} against known sentences", found.chrf),
        _figure("{:.0f} there and back", found.round_trip),
        _figure("{:.1f} times the tokens of English", found.fertility),
    ]
    short = [
        f"{_MEASURED[s.metric]} is {s.value:g}, wanted {s.threshold:g}" for s in found.shortfalls
    ]
    told = ", ".join(filter(None, figures)) or "nothing could be measured"
    return "; ".join([f"{found.level}: {told}", *short])


def _figure(words: str, value: float | None) -> str:
    return "" if value is None else words.format(value)


def result(request: Request, made: Manifest, policy: Policy) -> str:
    """The outcome: of all tests, or of the next version against the one in use."""
    if made.version is not None:
        lines = [improved(made.version, request, policy), "", "I close this discussion."]
        return "\n".join([*lines, *_practice(policy)])
    return _evaluated(request, made, policy)


def improved(version: Version, request: Request, policy: Policy) -> str:
    """What became of the version that was compared last."""
    spec = request.agreed_spec
    adapter = names.adapter(policy.org, spec.base, spec.key)
    page = names.repo_url(policy.endpoint, adapter, "model")
    link = f"[`{version.tag}`]({page}/tree/{version.tag})"
    if not version.fresh:
        return f"Nothing usable was corrected since {link} was made, so there is no newer version."
    told = f"A new version of the model, {link}, was made from what speakers corrected"
    thanks = "Thank you to everybody who corrected and reviewed."
    if version.promoted:
        return (
            f"{told}. No test finds it significantly worse than the one before: it is in use now. "
            f"{thanks}"
        )
    return (
        f"{told}, but a test finds it significantly worse than the one before: that one stays in "
        f"use. {thanks}"
    )


def _evaluated(request: Request, evaluation: Manifest, policy: Policy) -> str:
    spec = request.agreed_spec
    adapter, _, _ = steps.output(policy.org, request, Step.TRAIN)
    links = {
        "the adapter": names.repo_url(policy.endpoint, adapter, "model"),
        "the dataset": names.repo_url(
            policy.endpoint, names.dataset(policy.org, spec.key), "dataset"
        ),
        "the leaderboard": names.repo_url(policy.endpoint, names.leaderboard(policy.org), "space"),
        "the chat": names.repo_url(policy.endpoint, names.chat(policy.org), "space"),
    }
    lines = [
        f"**{spec.language.name} is done.** The adapter against its base, on held-out tests:",
        "",
        "| test | measure | base | adapter | difference (95 % interval) | |",
        "|---|---|---:|---:|---:|---|",
        *(_score_row(score) for score in evaluation.scores),
        "",
        *_not_covered(evaluation),
        *_english(evaluation),
        f"It cost {money(request.spent_usd)}. Have a look at "
        + ", ".join(f"[{what}]({url})" for what, url in links.items())
        + ".",
        "",
        "No speaker has reviewed this model yet. If you speak the language, your word counts more "
        "than these numbers. I close this discussion; thank you for asking.",
    ]
    return "\n".join([*lines, *_practice(policy)])


def _score_row(score: Score) -> str:
    test = _BENCHMARKS.get(score.benchmark, score.benchmark)
    if score.direction:
        test += f" {score.direction.replace('-', ' to ')}"
    mark = "significant" if score.significant else "not significant"
    digits = 1 if score.metric == "chrF++" else 3
    base, adapter, difference, low, high = (
        f"{value:.{digits}f}"
        for value in (
            score.base,
            score.adapter,
            score.adapter - score.base,
            score.low,
            score.high,
        )
    )
    return (
        f"| {test} | {score.metric} | {base} | {adapter} | {difference} [{low}, {high}] | {mark} |"
    )


def _not_covered(evaluation: Manifest) -> list[str]:
    if not evaluation.not_covered:
        return []
    tests = ", ".join(_BENCHMARKS.get(name, name) for name in evaluation.not_covered)
    return [f"Not covered for this language: {tests}.", ""]


def _english(evaluation: Manifest) -> list[str]:
    """Whether the adapter still does in English what its base did."""
    if not evaluation.english:
        return []
    lost = [s for s in evaluation.english if s.significant and s.adapter < s.base]
    if not lost:
        return ["English was kept: in none of the same tests it is significantly worse.", ""]
    told = listed(
        [
            f"{_BENCHMARKS.get(s.benchmark, s.benchmark).lower()} {s.base:.3f} → {s.adapter:.3f}"
            for s in lost
        ]
    )
    return [f"It has lost some of its English: {told}.", ""]


def failed(request: Request) -> str:
    """Which step, why in one sentence, its last words, what happens next."""
    step = steps.current(request) or steps.last(request.spec)
    record = request.step(step)
    return "\n".join(
        [
            f"I am sorry: {_end(request, step, record)}.",
            *_last_words(record),
            "",
            f"What was finished stays where it is and is used again. {_next(request)}",
        ]
    )


def _end(request: Request, step: Step, record: StepRecord) -> str:
    if request.verdict is Verdict.HOPELESS:
        return (
            "the check says that this is hopeless, so I spend no more on it "
            f"({request.step(Step.CHECK).note})"
        )
    if request.verdict is Verdict.TEACHER:
        return "the teacher's endpoint did not come up although I tried several times"
    if request.verdict is Verdict.BUDGET:
        return (
            f"the step *{step.value}* does not fit into what this request may cost "
            f"({money(request.agreed_spec.cap_usd)}), of which {money(request.spent_usd)} is spent"
        )
    times = "once" if record.attempts_since_retry == 1 else f"{record.attempts_since_retry} times"
    why = _REASONS.get(record.reason, "")
    last = f", the last time because {why}" if why else ""
    return f"the step *{step.value}* failed {times}, which is all I may try{last}"


def _last_words(record: StepRecord) -> list[str]:
    if not record.log_tail:
        return []
    return ["", "The last lines of its log:", "", "```text", *record.log_tail, "```"]


def _next(request: Request) -> str:
    if request.verdict is Verdict.HOPELESS:
        return (
            "A maintainer can have it tried all the same with `/approve`; otherwise I close this "
            "discussion in two weeks."
        )
    if request.verdict is Verdict.BUDGET:
        return (
            "A maintainer can give it more with `/approve`; otherwise I close this discussion in "
            "two weeks."
        )
    return (
        "I do nothing more by myself: with `/retry` I try again from there; otherwise I close this "
        "discussion in two weeks."
    )


def cancelled(request: Request) -> str:
    how = "As I was asked to" if request.verdict is Verdict.STOPPED else "As this was closed"
    if request.spec is None:
        return f"{how}, I stopped. Nothing was started."
    return (
        f"{how}, I stopped. What was finished stays where it is; a new discussion titled "
        f"`{request.agreed_spec.language.name}` goes on from there."
    )


def _practice(policy: Policy) -> list[str]:
    if not policy.recipe.practice:
        return []
    return [
        "",
        "*Practice run: a rule-based teacher, a tiny model and practice benchmarks. Nothing here "
        "says anything about a real model.*",
    ]
