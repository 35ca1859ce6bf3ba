"""Every sentence the bot says, one pure function a situation.

Only closed vocabulary goes in: languages, names, numbers. No word of a stranger is echoed.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot import names, steps
from bot.language import Language, by_code
from bot.request import Request, State, Status, Step, StepRecord, Verdict
from bot.terms import Terms
from bot.world import Manifest, Score

PAPER = "https://arxiv.org/abs/2601.14051"

MOST_OFFERS = 12

_STATES = {
    State.WAITING: "waiting",
    State.ORDERED: "starting",
    State.RUNNING: "running",
    State.MADE: "done",
    State.FAILED: "failed",
}

_BENCHMARKS = {
    "flores": "Translation",
    "sib200": "Topic classification",
    "belebele": "Reading comprehension",
    "global_mmlu": "Knowledge questions",
}


def due(request: Request, evaluation: Manifest | None, terms: Terms) -> Iterator[tuple[str, str]]:
    """Kind and text of every comment that should stand in the discussion by now."""
    if request.status is Status.DECLINED:
        yield "declined", declined(request, terms)
        return
    yield "plan", plan(request, terms)
    yield "status", status(request, terms)
    if request.status is Status.DONE and evaluation is not None:
        yield "result", result(request, evaluation, terms)
    if request.status is Status.FAILED:
        yield "failed", failed(request, terms)
    if request.status is Status.CANCELLED:
        yield "cancelled", cancelled(request)


def plan(request: Request, terms: Terms) -> str:
    spec = request.agreed
    minutes = sum(step.expected_minutes for step in terms.programme.steps.values())
    lines = [
        f"Hello! I understand this as a request for **{_named(spec.language)}**.",
        "",
        "This is what I am going to do:",
        "",
        *(f"{n}. {_sentence(row.does)}" for n, row in enumerate(steps.TABLE, 1)),
        "",
        f"It should take about {_minutes(minutes)} and cost **{_money(spec.estimate_usd)}**, "
        "which is within what I may spend without asking. I start now and report below.",
        "",
        "If I misunderstood the language, close this discussion: that stops everything.",
    ]
    return "\n".join([*lines, *_practice(terms)])


def status(request: Request, terms: Terms) -> str:
    rows = [
        _status_row(row.step, row.makes, request.step(row.step), request, terms)
        for row in steps.TABLE
    ]
    table = ["| step | state | result | time | cost |", "|---|---|---|---|---|", *rows]
    spent = (
        f"Spent so far: {_money(request.spent_usd)}. Expected in all: "
        f"{_money(request.agreed.estimate_usd)}."
    )
    return "\n".join([f"**Status: {_headline(request)}**", "", *table, "", spent])


def _headline(request: Request) -> str:
    if request.status is not Status.OPEN:
        return request.status.value
    step = steps.current(request)
    if step is None:
        return "finishing"
    if step is Step.GENERATE and request.step(step).state is State.WAITING:
        return "waking the teacher"
    return f"{step.value}, {_STATES[request.step(step).state]}"


def _status_row(step: Step, makes: str, record: StepRecord, request: Request, terms: Terms) -> str:
    repo, repo_type, _ = steps.output(terms.org, request, step)
    made = record.state is State.MADE
    link = f"[{makes}]({names.repo_url(terms.endpoint, repo, repo_type)})" if made else ""
    outcome = ": ".join(filter(None, (link, record.note)))
    attempt = f" (attempt {record.attempt})" if record.attempt > 1 else ""
    took = f"{record.seconds:.0f} s" if made else ""
    cost = _money(record.cost_usd) if made else ""
    return f"| {step.value} | {_STATES[record.state]}{attempt} | {outcome} | {took} | {cost} |"


def note(step: Step, manifest: Manifest) -> str:
    """A few words on what a finished step made."""
    if step is Step.GENERATE:
        return f"{manifest.kept:,} rows kept, {manifest.dropped:,} dropped by the gates"
    if step is Step.TRAIN:
        return f"trained on {manifest.kept:,} rows"
    better = sum(score.significant and score.adapter > score.base for score in manifest.scores)
    return f"significantly better on {better} of {len(manifest.scores)} measures"


def result(request: Request, evaluation: Manifest, terms: Terms) -> str:
    spec = request.agreed
    adapter, _, _ = steps.output(terms.org, request, Step.TRAIN)
    links = {
        "the adapter": names.repo_url(terms.endpoint, adapter, "model"),
        "the dataset": names.repo_url(
            terms.endpoint, names.dataset(terms.org, spec.language.code), "dataset"
        ),
        "the leaderboard": names.repo_url(terms.endpoint, names.leaderboard(terms.org), "space"),
        "the chat": names.repo_url(terms.endpoint, names.chat(terms.org), "space"),
    }
    lines = [
        f"**{spec.language.name} is done.** The adapter against its base, on held-out tests:",
        "",
        "| test | measure | base | adapter | difference (95 % interval) | |",
        "|---|---|---:|---:|---:|---|",
        *(_score_row(score) for score in evaluation.scores),
        "",
        *_not_covered(evaluation),
        f"It cost {_money(request.spent_usd)}. Have a look at "
        + ", ".join(f"[{what}]({url})" for what, url in links.items())
        + ".",
        "",
        "No speaker has reviewed this model yet. If you speak the language, your word counts more "
        "than these numbers. I close this discussion; thank you for asking.",
    ]
    return "\n".join([*lines, *_practice(terms)])


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


def failed(request: Request, terms: Terms) -> str:
    if request.verdict is Verdict.TEACHER:
        reason = "the teacher's endpoint did not come up although I tried several times"
    else:
        step = steps.current(request) or Step.EVALUATE
        tried = request.step(step).attempt
        reason = f"the step *{step.value}* failed {tried} times, which is all I may try"
    return (
        f"I am sorry: {reason}. What was finished stays where it is and will be used again. "
        "I close this discussion; a maintainer can look into the job's log, and a new discussion "
        "with the same language goes on from there."
    )


def cancelled(request: Request) -> str:
    return (
        "This discussion was closed, so I stopped. What was finished stays where it is; a new "
        f"discussion titled `{request.agreed.language.name}` goes on from there."
    )


def declined(request: Request, terms: Terms) -> str:
    return f"{_reason(request, terms)}\n\nNothing was started. I close this discussion."


def _reason(request: Request, terms: Terms) -> str:
    why, choices = request.verdict, request.choices
    again = "please open a new discussion with one of these as its title"
    offers = _offers(choices) if why not in (Verdict.DUPLICATE,) else ""
    match why:
        case Verdict.AMBIGUOUS:
            return f"That name can mean several languages; {again}:\n\n{offers}"
        case Verdict.SCRIPT:
            return f"I know this language only in other scripts; {again}:\n\n{offers}"
        case Verdict.TOO_LONG:
            return "That is too long for me: I only need the name of one language as the title."
        case Verdict.NO_NAME:
            return "I found no name of a language here: it should be the title of the discussion."
        case Verdict.NO_TEACHER:
            return f"I have no teacher that writes {by_code(choices[0]).name}. {_taught(terms)}"
        case Verdict.DUPLICATE:
            url = names.discussion_url(terms.endpoint, terms.org, int(choices[1].removeprefix("r")))
            name = by_code(choices[0]).name
            return f"{name} was asked for before: [discussion {choices[1][1:]}]({url}) has it."
        case Verdict.TOO_DEAR:
            name = by_code(choices[0]).name
            return f"{name} would cost more than the ${terms.limit_usd:.2f} I may spend on it."
        case _:
            if not choices:
                return "I do not know a language of that name, nor one with a similar name."
            return (
                f"I do not know a language of that name. If it is a near one, {again}:\n\n{offers}"
            )


def _taught(terms: Terms) -> str:
    languages = terms.programme.languages or frozenset()
    known = ", ".join(by_code(code).name for code in sorted(languages))
    return f"Here I can be asked for: {known}."


def _offers(codes: tuple[str, ...]) -> str:
    """A list that a person can read; the rest of a long one is only counted."""
    lines = [f"- {_named(by_code(code))}" for code in codes[:MOST_OFFERS]]
    if len(codes) > MOST_OFFERS:
        lines.append(f"- and {len(codes) - MOST_OFFERS} more")
    return "\n".join(lines)


def _named(language: Language) -> str:
    """`Scottish Gaelic (Gàidhlig, gla_Latn)`."""
    own = f"{language.autonym}, " if language.autonym not in ("", language.name) else ""
    return f"{language.name} ({own}`{language.code}`)"


def _practice(terms: Terms) -> list[str]:
    if not terms.programme.practice:
        return []
    return [
        "",
        "*Practice run: a rule-based teacher, a tiny model and practice benchmarks. Nothing here "
        "says anything about a real model.*",
    ]


def _money(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.01 else "less than a cent"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _minutes(minutes: float) -> str:
    if minutes < 90:
        return f"{max(1, round(minutes))} minutes"
    return f"{minutes / 60:.1f} hours"
