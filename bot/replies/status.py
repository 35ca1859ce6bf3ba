"""The status comment, which is kept up to date, and what it says about finished steps."""

from __future__ import annotations

from bot.domain import names, steps
from bot.domain.observation import CHECK_METRICS, Advice, Manifest, TooFewCorrections
from bot.domain.policy import Policy
from bot.domain.request import Reason, Request, Status, Step, StepRecord, StepState, Verdict
from bot.replies.failure import REASONS
from bot.replies.phrases import check_level, duration, money, plural

_STATES = {
    StepState.WAITING: "waiting",
    StepState.ORDERED: "starting",
    StepState.RUNNING: "running",
    StepState.MADE: "done",
    StepState.FAILED: "failed",
}

# How to write a metric of the check. Shares are written in percent.
_CHECK_METRICS = {
    "answered": "{}% of the questions answered",
    "script": "{}% in the right script",
    "language": "{}% in the right language",
    "structured": "{}% in the requested format",
    "chrf": "chrF++ translation score {} of 100",
    "round_trip": "chrF++ score {} of 100 after translating into the language and back",
    "fertility": "{} times as many tokens (pieces of words) as the same text in English",
    "bytes": "{}% of the tokens shorter than a letter",
}
_SHARES = ("answered", "script", "language", "structured", "bytes")
_LOWER_IS_BETTER = ("fertility", "bytes")


def status(request: Request, policy: Policy) -> str:
    rows = [
        _status_row(info.step, info.product, request.step(info.step), request, policy)
        for info in steps.of(request.spec)
    ]
    table = ["| step | state | result | time | cost |", "|---|---|---|---|---|", *rows]
    spent = (
        f"Spent so far: {money(request.spent_usd)}. "
        f"Estimate: {money(request.agreed_spec.estimate_usd)}."
    )
    return "\n".join([f"**Status: {headline(request)}**", "", *table, "", spent])


def headline(request: Request) -> str:
    """Return the state of a request in a few words."""
    if request.status is Status.ASKED:
        return "waiting for your answer"
    if request.verdict is Verdict.COMMUNITY:
        return "waiting for a decision by the language's speakers"
    if request.status is Status.HELD:
        return "waiting for approval by a maintainer"
    if request.status is not Status.OPEN:
        return request.status.value
    step = steps.current(request)
    if step is None:
        return "finishing"
    record = request.step(step)
    if record.state is StepState.WAITING and steps.info(step).needs_teacher:
        return "waiting for its turn and for the teacher to start"
    if record.state is StepState.FAILED:
        return f"{step.value}, next attempt soon"
    return f"{step.value}, {_STATES[record.state]}"


def _status_row(
    step: Step, product: str, record: StepRecord, request: Request, policy: Policy
) -> str:
    is_made = record.state is StepState.MADE
    link = f"[{product}]({_product_url(step, request, policy)})" if is_made else ""
    # The plan has the metrics of the check; here the level is enough.
    note = check_level(record.note) if step is Step.CHECK else record.note
    result = ": ".join(filter(None, (link, note, _failure(record))))
    state = _STATES[record.state]
    if record.state is StepState.RUNNING and record.progress_tenths:
        state += f", {10 * record.progress_tenths}%"
    if record.attempt > 1:
        state += f" (attempt {record.attempt})"
    time = duration(record.seconds) if is_made else ""
    cost = money(record.cost_usd) if is_made or record.cost_usd else ""
    return f"| {step.value} | {state} | {result} | {time} | {cost} |"


def _product_url(step: Step, request: Request, policy: Policy) -> str:
    """Return the URL of a step's repository, or of its own folder in the one of all results."""
    repo, repo_type, path = steps.output(policy.org, request, step)
    url = names.repo_url(policy.endpoint, repo, repo_type)
    folder = path.rpartition("/")[0]
    return f"{url}/tree/main/{folder}" if folder else url


def _failure(record: StepRecord) -> str:
    """Say why the last attempt failed, until one succeeds."""
    if record.state is StepState.MADE or record.reason is Reason.NONE:
        return ""
    prefix = "" if record.state is StepState.FAILED else "the last attempt failed: "
    return f"{prefix}{REASONS[record.reason]}"


def step_note(step: Step, manifest: Manifest) -> str:
    """Say in a few words what a finished step has made."""
    if manifest.advice is not None:
        return check_note(manifest.advice)
    if isinstance(manifest.version, TooFewCorrections):
        return "too few corrections"
    if manifest.version is not None:
        use = "now the current version" if manifest.version.promoted else "not used"
        return f"`{manifest.version.tag}`, {use}"
    if step is Step.GENERATE:
        stopped = "; stopped when its budget was used up" if manifest.stopped else ""
        kept = plural(manifest.kept, "row")
        return f"{kept} kept, {manifest.dropped:,} dropped by filters{stopped}"
    if step is Step.TRAIN:
        return f"trained on {plural(manifest.kept, 'row')}"
    better = sum(score.significant and score.adapter > score.base for score in manifest.scores)
    return f"significantly better in {better} of {plural(len(manifest.scores), 'test')}"


def check_note(advice: Advice) -> str:
    """Return the level, then all metrics that are known, with the bound of those that miss it.

    `hopeless: 41% in the right script (should be at least 50%), …`
    """
    values = {
        "script": advice.script,
        "chrf": advice.chrf,
        "round_trip": advice.round_trip,
        "fertility": advice.fertility,
    }
    thresholds = {}
    for shortfall in advice.shortfalls:
        values[shortfall.metric] = shortfall.value
        thresholds[shortfall.metric] = shortfall.threshold
    texts = [
        _metric(metric, value, thresholds.get(metric))
        for metric in CHECK_METRICS
        if (value := values.get(metric)) is not None
    ]
    if advice.looks_like:
        texts.append(f"the texts look like {advice.looks_like}")
    return f"{advice.level}: {', '.join(texts) or 'nothing could be measured'}"


def _metric(metric: str, value: float, threshold: float | None) -> str:
    factor, unit = (100, "%") if metric in _SHARES else (1, "")
    text = _CHECK_METRICS[metric].format(f"{factor * value:.3g}")
    if threshold is None:
        return text
    bound = "at most" if metric in _LOWER_IS_BETTER else "at least"
    return f"{text} (should be {bound} {factor * threshold:.3g}{unit})"
