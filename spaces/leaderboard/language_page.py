"""The HTML of the page of one language: models, training, dataset, example answers.

Pure. Every value passes `safe`: what people or models wrote is text and never markup.
"""

from __future__ import annotations

from collections.abc import Sequence

import svg_charts
import table_html
from benchmarks import BenchmarkTable
from charts_tab import describe_dots, difference_dot
from common.hub_urls import HubUrls
from common.languages import by_code
from common.markup import link, safe
from details import (
    CheckAdvice,
    DatasetSummary,
    Example,
    LanguageDetails,
    Measure,
    ModelScore,
    TrainingLog,
)
from entries import Entry, newest
from language_groups import family, region
from number_format import MISSING, count, counted, money, number, parameters

MAX_REASONS = 12
BACK = '<p><a href="?" data-back>← All languages</a></p>'
_ROLE_NAMES = {"base": "base", "adapter": "adapter", "peer": "for comparison"}
_ADVICE = {
    "good": "The teacher knows this language well enough to write examples in it.",
    "doubtful": "It is not certain how well the teacher knows this language. Read its examples "
    "with care.",
    "hopeless": "The teacher knows this language poorly, so do not expect a good model.",
}


def language_page(
    entries: Sequence[Entry], details: LanguageDetails, benchmarks: BenchmarkTable, urls: HubUrls
) -> str:
    """Return the page of a language that has entries; its head is about the newest one."""
    entry = newest(entries)
    return (
        f'<article class="k-language-page" data-code="{safe(entry.code)}">{BACK}'
        f"{_head(entry, details, urls)}{table_html.practice_note(entries)}"
        f"{_improvement(entry, benchmarks)}{_measures(details.measures, benchmarks)}"
        f"{_examples(details.examples, entry)}"
        f"{_training(details.training)}{_dataset(details.dataset, entry, urls)}"
        f"{_advice(details.advice)}</article>"
    )


def missing_language_page(code: str, urls: HubUrls) -> str:
    """Return the page of a language that has no entry."""
    language = by_code(code)
    request = link(urls.new_request(language.title), f"Request {language.title}")
    return (
        f'<article class="k-language-page" data-code="{safe(code)}">{BACK}'
        f'<h2 tabindex="-1"><bdi>{safe(language.title)}</bdi></h2>'
        '<p class="k-empty">No model has been evaluated in this language yet. '
        f"{request}</p></article>"
    )


def _head(entry: Entry, details: LanguageDetails, urls: HubUrls) -> str:
    facts = (
        ("Code", entry.code),
        ("Script", entry.language.script_name),
        ("Family", family(entry.code)),
        ("Region", region(entry.code)),
        ("Base model", entry.base),
        ("Parameters", "" if entry.parameters is None else parameters(entry.parameters)),
        ("Cost", money(entry.cost_usd)),
        ("Tested on", entry.date),
        ("Licence", details.licence),
        ("Reviewed by speakers", details.reviewed or "not yet"),
    )
    items = "".join(
        f"<div><dt>{name}</dt><dd><bdi>{safe(value)}</bdi></dd></div>"
        for name, value in facts
        if value
    )
    links = [
        link(urls.chat(entry.code), "Chat with it"),
        link(urls.model(entry.model), "Model"),
        link(urls.dataset(entry.code), "Dataset"),
    ]
    if entry.discussion is not None:
        links.append(link(urls.discussion(entry.discussion), f"Discussion #{entry.discussion}"))
    if details.gguf_repo:
        links.append(link(urls.model(details.gguf_repo), "Run it offline (GGUF)"))
    return (
        f'<h2 tabindex="-1"><bdi>{safe(entry.title)}</bdi>{table_html.autonym(entry)} '
        f"{table_html.badge(entry)}</h2>"
        f'<p class="k-language-links">{"".join(links)}</p>'
        f'<dl class="k-language-facts">{items}</dl>'
    )


def _improvement(entry: Entry, benchmarks: BenchmarkTable) -> str:
    rows = [
        dot
        for benchmark in benchmarks.benchmarks
        if (dot := difference_dot(benchmark.title, benchmark, entry.scores.get(benchmark.key)))
    ]
    if not rows:
        return ""
    label = f"Difference from the base model, in points: {describe_dots(rows)}"
    caption = (
        "Points above or below the base model, with 95% intervals. Gray ones may be due to chance."
    )
    return svg_charts.figure("What the adapter changed", caption, svg_charts.dot_plot(rows, label))


def _measures(measures: Sequence[Measure], benchmarks: BenchmarkTable) -> str:
    rows = "".join(
        _measure_rows(measure, benchmarks.titles.get(measure.benchmark, measure.benchmark))
        for measure in measures
    )
    if not rows:
        return '<p class="k-empty">The scores of this language cannot be read right now.</p>'
    names = ("Test", "Model", "Score", "95% interval", "Difference", "Broken answers", "Items")
    headings = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        '<h3>All models and versions</h3><div class="k-scroll" role="region" tabindex="0" '
        'aria-label="Scores of all models"><table class="k-numbers"><thead><tr>'
        f"{headings}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _measure_rows(measure: Measure, benchmark: str) -> str:
    best = max(score.value for score in measure.scores)
    return "".join(
        _score_row(measure, benchmark, score, is_first=position == 0, is_best=score.value == best)
        for position, score in enumerate(measure.scores)
    )


def _score_row(
    measure: Measure, benchmark: str, score: ModelScore, is_first: bool, is_best: bool
) -> str:
    name = f"{benchmark} {measure.direction}".strip()
    if measure.test_language == "eng_Latn":
        name += ", in English"
    heading = f"{safe(name)} <small>{safe(measure.metric)}</small>"
    value = _value(measure, score.value)
    cells = (
        f"<bdi>{safe(score.model)}</bdi> <small>{safe(score.revision[:7])} "
        f"{_ROLE_NAMES.get(score.role, '')}</small>",
        f"<b>{value}</b>" if is_best else value,
        _interval(measure, score.interval),
        _difference(measure, score),
        count(score.degenerate),
        count(score.n),
    )
    shown = heading if is_first else f'<span class="k-hidden">{heading}</span>'
    return (
        f'<tr class="{"k-first" if is_first else ""}"><th scope="row">{shown}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _value(measure: Measure, value: float, sign: bool = False) -> str:
    is_accuracy = measure.metric == "accuracy"
    unit = "%" if is_accuracy and not sign else ""
    return number(value * 100 if is_accuracy else value, sign=sign) + unit


def _interval(measure: Measure, interval: tuple[float, float] | None, sign: bool = False) -> str:
    if interval is None:
        return MISSING
    return " to ".join(_value(measure, end, sign) for end in interval)


def _difference(measure: Measure, score: ModelScore) -> str:
    if score.difference is None:
        return MISSING
    caveat = " (may be due to chance)" if score.significant is False else ""
    interval = _interval(measure, score.difference_interval, sign=True)
    return f"{_value(measure, score.difference, sign=True)}{caveat} <small>{interval}</small>"


def _examples(examples: Sequence[Example], entry: Entry) -> str:
    if not examples:
        return ""
    look = f'lang="{safe(entry.bcp47)}" dir="auto"'
    items = "".join(
        f'<li><p class="k-prompt" dir="auto">{safe(example.prompt)}</p><dl>'
        f"<div><dt>Base model</dt><dd {look}>{safe(example.base) or '(nothing)'}</dd></div>"
        f"<div><dt>Adapter</dt><dd {look}>{safe(example.adapter) or '(nothing)'}</dd></div>"
        f"<div><dt>Human translation</dt><dd {look}>{safe(example.reference)}</dd></div></dl></li>"
        for example in examples
    )
    return (
        "<h3>Example answers</h3>"
        "<p>These are the first sentences of the test. We did not choose good or bad ones.</p>"
        f'<ol class="k-examples">{items}</ol>'
    )


def _training(log: TrainingLog) -> str:
    losses = (("training rows", log.train_loss), ("held-out rows", log.eval_loss))
    curves = [svg_charts.Curve(name, points) for name, points in losses if points]
    if not curves:
        return ""
    changes = ", ".join(
        f"{curve.name} from {curve.points[0][1]:.2f} to {curve.points[-1][1]:.2f}"
        for curve in curves
    )
    svg = svg_charts.line_chart(
        curves, f"Training loss: {changes}", "training step", "loss (nats per token)"
    )
    caption = (
        "Training loss: how badly the model predicts the next piece of text. Lower is better: "
        f"{changes}."
    )
    return svg_charts.figure("How it was trained", caption, svg)


def _dataset(dataset: DatasetSummary, entry: Entry, urls: HubUrls) -> str:
    if not (dataset.kept or dataset.sources):
        return ""
    dropped = sum(rows for _, rows in dataset.dropped)
    total_bytes = sum(size for _, size in dataset.sources) or 1
    sources = svg_charts.bar_list(
        [(name, size / total_bytes, f"{size / total_bytes:.0%}") for name, size in dataset.sources],
        "Bytes of the dataset by source",
    )
    most = max((rows for _, rows in dataset.dropped), default=1)
    reasons = svg_charts.bar_list(
        [
            (reason.replace("_", " "), rows / most, f"{rows:,}")
            for reason, rows in dataset.dropped[:MAX_REASONS]
        ],
        "Dropped rows by reason",
    )
    dataset_link = link(urls.dataset(entry.code), "The dataset")
    return (
        f"<h3>What it learned from</h3><p>{dataset_link} has {counted(dataset.kept, 'row')}. "
        f"{counted(dropped, 'more row was', 'more rows were')} written, but dropped by the "
        "filters.</p>"
        f'<div class="k-two-columns"><div><h4>Sources, by size</h4>{sources}</div>'
        f"<div><h4>Dropped, by reason</h4>{reasons if dataset.dropped else 'None.'}</div></div>"
    )


def _advice(advice: CheckAdvice) -> str:
    if advice.level not in _ADVICE:
        return ""
    shortfalls = "; ".join(
        f"{safe(metric)} is {value:g}, the threshold is {threshold:g}"
        for metric, value, threshold in advice.shortfalls
    )
    reason = f" ({shortfalls})" if shortfalls else ""
    return f"<h3>The check before the start</h3><p>{_ADVICE[advice.level]}{reason}</p>"
