"""The reply to a finished request: an evaluation, or the next version of a model."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain import names, steps
from bot.domain.observation import (
    Change,
    ChatScore,
    Manifest,
    Overall,
    Score,
    TooFewCorrections,
    Version,
)
from bot.domain.policy import Policy
from bot.domain.request import Request, Step
from bot.language import UnknownCode, by_code
from bot.replies.phrases import (
    join,
    metric_name,
    money,
    plural,
    points,
    practice_note,
    score_text,
    signed,
)

_VERDICTS = {
    "kept": "English was kept",
    "some lost": "Some English was lost; I cannot tell whether more than {margin}",
    "lost": "English was lost",
    "cannot tell": "I cannot tell whether English was kept",
}


def result(request: Request, manifest: Manifest, policy: Policy) -> str:
    match manifest.version:
        case None:
            lines = _evaluation(request, manifest, policy)
        case TooFewCorrections(usable, needed):
            lines = [_too_few(usable, needed), "", "I am closing this discussion."]
        case version:
            lines = _next_version(version, manifest.overall, request, policy)
            lines += ["", "I am closing this discussion."]
    return "\n".join([*lines, *practice_note(policy.recipe.practice)])


def _too_few(usable: int, needed: int) -> str:
    return (
        f"There is no new version: it needs {plural(needed, 'correction')}, and only {usable:,} of "
        "those sent so far can be used. A correction can be used if it is in the language, differs "
        "from the model's answer, and a steward or a maintainer has accepted it."
    )


def _next_version(
    version: Version, overall: Overall, request: Request, policy: Policy
) -> list[str]:
    spec = request.agreed_spec
    adapter = names.adapter(policy.org, spec.base, spec.key)
    page = names.repo_url(policy.endpoint, adapter, "model")
    link = f"[`{version.tag}`]({page}/tree/{version.tag})"
    if not version.fresh:
        return [f"There are no new corrections since {link} was made, so there is no new version."]
    if version.promoted:
        outcome = "No test is significantly worse than before, so it is now the current version."
    else:
        outcome = (
            "At least one test is significantly worse than before, so the current version stays as "
            "it is."
        )
    links = {"the model": page, **_space_links(policy)}
    return [
        f"{link} is a new version of the model, trained on the corrections of speakers. {outcome}",
        "",
        *_overall(overall, version.gain_before),
        f"Have a look at {_listed(links)}. Thank you to everyone who corrected and reviewed!",
    ]


def _evaluation(request: Request, manifest: Manifest, policy: Policy) -> list[str]:
    spec = request.agreed_spec
    adapter, _, _ = steps.output(policy.org, request, Step.TRAIN)
    dataset = names.dataset(policy.org, spec.key)
    links = {
        "the adapter": names.repo_url(policy.endpoint, adapter, "model"),
        "the dataset": names.repo_url(policy.endpoint, dataset, "dataset"),
        **_space_links(policy),
    }
    return [
        f"**{spec.language.name} is done.** These tests compare the new model (base model plus "
        "adapter) with the base model alone. No test question was in the training data:",
        "",
        "| test | base | adapter | difference (95% interval) |",
        "|---|---:|---:|---:|",
        *(_score_row(score, manifest.titles) for score in manifest.scores),
        "",
        *_not_covered(manifest),
        *_overall(manifest.overall),
        f"It cost {money(request.spent_usd)}. Have a look at {_listed(links)}.",
        "",
        "No speaker has reviewed this model yet. If you speak the language, please try it: your "
        "opinion is worth more than these numbers. I am closing this discussion. Thank you "
        "for your request!",
    ]


def _space_links(policy: Policy) -> dict[str, str]:
    spaces = {"the leaderboard": names.leaderboard(policy.org), "the chat": names.chat(policy.org)}
    return {name: names.repo_url(policy.endpoint, space, "space") for name, space in spaces.items()}


def _listed(links: Mapping[str, str]) -> str:
    return join([f"[{name}]({url})" for name, url in links.items()])


def _score_row(score: Score, titles: Mapping[str, str]) -> str:
    base, adapter = (score_text(score.metric, value) for value in (score.base, score.adapter))
    return f"| {score_name(score, titles)} | {base} | {adapter} | {difference(score)} |"


def score_name(score: Score, titles: Mapping[str, str]) -> str:
    """Return the name of a test with its direction and its metric."""
    benchmark = titles.get(score.benchmark, score.benchmark)
    if score.direction:
        source, _, target = score.direction.partition("-")
        benchmark += f" from {_name(source)} to {_name(target)}"
    return f"{benchmark}, {metric_name(score.metric)}"


def difference(score: Score) -> str:
    """Return how much better the adapter is, with its interval and whether it is significant."""
    change, low, high = (
        signed(points(score.metric, value))
        for value in (score.adapter - score.base, score.low, score.high)
    )
    note = "" if score.significant else ", not significant"
    return f"{change} ({low} to {high}{note})"


def _name(code: str) -> str:
    try:
        return by_code(code).name
    except UnknownCode:
        return code


def _not_covered(manifest: Manifest) -> list[str]:
    if not manifest.not_covered:
        return []
    benchmarks = [manifest.titles.get(name, name).lower() for name in manifest.not_covered]
    return [
        f"Not covered, because the test does not exist in this language: {join(benchmarks)}.",
        "",
    ]


def _overall(overall: Overall, gain_before: Change | None = None) -> list[str]:
    """Say how much better the new model is on average, and what became of its English."""
    lines: list[str] = []
    if overall.gain:
        before = f" The version before differs by {_points(gain_before)}." if gain_before else ""
        lines += [
            f"On average, the new model differs from the base model by {_points(overall.gain)}."
            f"{before} Tests that share their texts count once.",
            "",
        ]
    if chat := overall.chat:
        lines += [
            f"In {plural(chat.count, 'test chat')}, as people will use the model: "
            f"{_chat_scores(chat)}.",
            "",
        ]
    if overall.english and overall.verdict:
        margin = f"{overall.margin:g} points"
        lines += [
            f"{_VERDICTS[overall.verdict].format(margin=margin)}: {_points(overall.english)} on "
            f"average, and the recipe accepts a loss of {margin}.",
            "",
        ]
    return lines


def _chat_scores(chat: ChatScore) -> str:
    first, second = (score_text(chat.metric, value) for value in (chat.first, chat.second))
    if chat.metric == "accuracy":
        return f"{first}% of the first answers are right, and {second}% of the second"
    return f"{chat.metric} of the first answers {first}, and of the second {second}"


def _points(change: Change) -> str:
    value, low, high = map(signed, (change.value, change.low, change.high))
    return f"{value} points (95% interval {low} to {high})"
