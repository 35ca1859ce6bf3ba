"""The HTML of the page of one language: models, training, dataset, example answers. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks import BenchmarkTable
from charts_tab import Bars, describe_dots, difference_dot
from common.hub_urls import HubUrls
from common.languages import Meaning, by_code
from details import CodeVersion, DatasetSummary, LanguageDetails, Measure, TrainingLog
from entries import Entry, newest
from entry_facts import entry_facts
from html_templates import render
from language_groups import family, region
from number_format import MISSING, number
from svg_charts import Curve, DotPlot, line_chart

MAX_REASONS = 12
PUBLIC_HUB = "https://huggingface.co"
_ROLE_NAMES = {"base": "base", "adapter": "adapter", "peer": "for comparison"}
_ADVICE = {
    "good": "The teacher knows this language well enough to write examples in it.",
    "doubtful": "It is not certain how well the teacher knows this language. Read its examples "
    "with care.",
    "hopeless": "The teacher knows this language poorly, so do not expect a good model.",
}
_CHECK_METRICS = {
    "answered": "questions answered",
    "script": "in the right script",
    "language": "in the right language",
    "structured": "in the requested format",
    "chrf": "chrF++ of translations",
    "round_trip": "chrF++ after translating into the language and back",
    "fertility": "tokens relative to English",
    "bytes": "tokens that are part of a character",
}
_CHECK_SHARES = ("answered", "script", "language", "structured", "bytes")


def language_page(
    entries: Sequence[Entry], details: LanguageDetails, benchmarks: BenchmarkTable, urls: HubUrls
) -> str:
    """Return the page of a language that has entries; its head is about the newest one."""
    entry = newest(entries)
    curves = _curves(details.training)
    changes = ", ".join(
        f"{curve.name} from {curve.points[0][1]:.2f} to {curve.points[-1][1]:.2f}"
        for curve in curves
    )
    axes = (f"Training loss: {changes}", "training step", "loss (nats per token)")
    return render(
        "language_page.html",
        entry=entry,
        entries=entries,
        details=details,
        facts=_facts(entry, details),
        improvement=_improvement(entry, benchmarks),
        test_name=partial(_test_name, titles=benchmarks.titles),
        points=_points,
        interval=_interval,
        role_names=_ROLE_NAMES,
        training=line_chart(curves, *axes) if curves else None,
        loss_changes=changes,
        dropped_rows=sum(rows for _, rows in details.dataset.dropped),
        source_bars=_source_bars(details.dataset),
        reason_bars=_reason_bars(details.dataset),
        advice=_ADVICE,
        check_metrics=_CHECK_METRICS,
        check_value=_check_value,
        outputs=f"{entry.code}/{entry.model.rpartition('/')[2]}/outputs.jsonl",
        setup=_setup(details.code, urls),
        command=_command(entry, details.inputs, urls.org),
        urls=urls,
    )


def _setup(code: CodeVersion, urls: HubUrls) -> str:
    """Return the commands that must come before; empty if the version is not known."""
    if not code.version:
        return ""
    package = f"kakugo-bot[evaluate] @ {urls.wheel(code.version, code.commit)}"
    endpoint = shlex.quote(urls.endpoint)
    lines = [] if urls.endpoint == PUBLIC_HUB else [f"export HF_ENDPOINT={endpoint}"]
    return "\n".join([*lines, shlex.join(("pip", "install", package)), "hf auth login"])


def _command(entry: Entry, inputs: Mapping[str, str], org: str) -> str:
    """Return the command that evaluates this version again, into the reader's own results.

    Names from results are quoted: somebody pastes this into a shell. The dataset of a variant has
    its name in the one of the language.
    """
    commits = {**inputs, entry.model: entry.revision}
    dataset = f"{org}/kakugo-{entry.code}"
    dataset = next((repo for repo in inputs if repo.startswith(f"{dataset}-")), dataset)

    def pinned(repo: str) -> str:
        commit = commits.get(repo)
        return f"{repo}@{commit}" if commit else repo

    options = {
        "config": "practice" if entry.practice else "kakugo",
        "org": org,
        "language": entry.code,
        "dataset": pinned(dataset),
        "base": pinned(entry.base),
        "adapter": pinned(entry.model),
        "into": "YOUR_NAME/kakugo-results",
    }
    words = (word for name, value in options.items() for word in (f"--{name}", value))
    return shlex.join(("kakugo-recipe", "evaluate", *words))


def missing_language_page(text: str, found: Meaning, urls: HubUrls) -> str:
    """Return what is shown for a text that names no language, or none that has an entry."""
    return render("missing_language_page.html", text=text, found=found, urls=urls)


def _facts(entry: Entry, details: LanguageDetails) -> dict[str, str]:
    reviewed = {"Reviewed by speakers": details.reviewed} if details.reviewed else {}
    groups = {
        "Code": entry.code,
        "Script": entry.language.script_name,
        "Family": family(entry.code),
        "Region": region(entry.code),
    }
    return {**entry_facts(entry), **reviewed, **groups}


def _improvement(entry: Entry, benchmarks: BenchmarkTable) -> DotPlot | None:
    rows = [
        dot
        for benchmark in benchmarks.benchmarks
        if (dot := difference_dot(benchmark.title, benchmark, entry.scores.get(benchmark.key)))
    ]
    label = f"Difference from the base model, in points: {describe_dots(rows)}"
    return DotPlot(rows, label) if rows else None


def _test_name(measure: Measure, titles: dict[str, str]) -> str:
    name = titles.get(measure.benchmark, measure.benchmark)
    if measure.direction:
        name += ", " + " to ".join(by_code(code).title for code in measure.direction.split("-"))
    return f"{name}, in English" if measure.test_language == "eng_Latn" else name


def _points(measure: Measure, value: float, sign: bool = False) -> str:
    is_accuracy = measure.metric == "accuracy"
    unit = "%" if is_accuracy and not sign else ""
    return number(value * 100 if is_accuracy else value, sign=sign) + unit


def _interval(measure: Measure, interval: tuple[float, float] | None, sign: bool = False) -> str:
    if interval is None:
        return MISSING
    return " to ".join(_points(measure, end, sign) for end in interval)


def _check_value(metric: str, value: float) -> str:
    return f"{100 * value:.3g}%" if metric in _CHECK_SHARES else f"{value:.3g}"


def _curves(log: TrainingLog) -> list[Curve]:
    losses = (("training rows", log.train_loss), ("held-out rows", log.eval_loss))
    return [Curve(name, points) for name, points in losses if points]


def _source_bars(dataset: DatasetSummary) -> Bars:
    total = sum(size for _, size in dataset.sources) or 1
    return [(name, size / total, f"{size / total:.0%}") for name, size in dataset.sources]


def _reason_bars(dataset: DatasetSummary) -> Bars:
    most = max((rows for _, rows in dataset.dropped), default=1)
    return [
        (reason.replace("_", " "), rows / most, f"{rows:,}")
        for reason, rows in dataset.dropped[:MAX_REASONS]
    ]
