"""How the page of one language looks: its models, training, rows, answers. Values in, HTML out.

Pure. Every value passes `safe`; what people or models wrote is text and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import svg_charts
import table_html
from benchmarks import BENCHMARKS, points
from details import Advice, Dataset, Dossier, Example, Figure, Test, Training
from entries import Entry
from language_groups import by_code
from markup import Links, link, safe

MOST_REASONS = 12
BACK = '<p><a href="?" data-back>← All languages</a></p>'
_NAMES = {"flores": "FLORES", "sib200": "SIB-200", "belebele": "Belebele"}
_NAMES["global_mmlu"] = "Global-MMLU"
_ROLES = {"base": "base", "adapter": "ours", "peer": "compared"}
_ADVICE = {
    "good": "The teacher knows this language well enough to write examples in it.",
    "doubtful": "The teacher knows this language doubtfully: read its examples with care.",
    "hopeless": "The teacher hardly knows this language, so little was to be hoped for.",
}


def closeup(entries: Sequence[Entry], known: Dossier, links: Links) -> str:
    """The page of one language, the newest adapter first."""
    newest = max(entries, key=lambda entry: (entry.date, entry.version))
    return (
        f'<article class="k-closeup" data-code="{safe(newest.code)}">{BACK}'
        f"{_head(newest, known, links)}{table_html.practice_note(entries)}"
        f"{_gains(newest)}{_tests(known.tests)}{_answers(known.examples, newest)}"
        f"{_training(known.training)}{_dataset(known.dataset, newest, links)}"
        f"{_advice(known.advice)}</article>"
    )


def unknown(code: str, links: Links) -> str:
    """What a link says about a language that nobody has taught yet."""
    language = by_code(code)
    ask = link(links.ask(language.title), f"Ask for {language.title}")
    return (
        f'<article class="k-closeup" data-code="{safe(code)}">{BACK}'
        f'<h2 tabindex="-1"><bdi>{safe(language.title)}</bdi></h2>'
        f'<p class="k-empty">No model has been evaluated in this language yet. {ask}</p></article>'
    )


def _head(entry: Entry, known: Dossier, links: Links) -> str:
    language = entry.language
    autonym = (
        f' <bdi lang="{safe(entry.bcp47)}">{safe(entry.autonym)}</bdi>'
        if entry.autonym not in ("", entry.title)
        else ""
    )
    facts = (
        ("Code", entry.code),
        ("Script", entry.script),
        ("Family", language.family),
        ("Region", language.region),
        ("Base model", entry.base),
        ("Parameters", "" if entry.size is None else table_html.count(entry.size)),
        ("Cost", table_html.money(entry.cost)),
        ("Tested", entry.date),
        ("Licence", known.licence),
        ("Reviewed by speakers", known.reviewed or "not yet"),
    )
    told = "".join(
        f"<div><dt>{name}</dt><dd><bdi>{safe(value)}</bdi></dd></div>"
        for name, value in facts
        if value
    )
    doors = [
        link(links.chat(entry.code), "Talk to it"),
        link(links.model(entry.model), "Model"),
        link(links.dataset(entry.code), "Dataset"),
    ]
    if entry.discussion is not None:
        doors.append(link(links.discussion(entry.discussion), f"Discussion #{entry.discussion}"))
    if known.export:
        doors.append(link(links.model(known.export), "Run it offline (GGUF)"))
    return (
        f'<h2 tabindex="-1"><bdi>{safe(entry.title)}</bdi>{autonym} {table_html.badge(entry)}</h2>'
        f'<p class="k-doors">{"".join(doors)}</p><dl class="k-sheet">{told}</dl>'
    )


def _gains(entry: Entry) -> str:
    rows = [
        svg_charts.Dot(
            f"{column.label} ({column.source})",
            points(column, score.difference),
            score.interval
            and (points(column, score.interval[0]), points(column, score.interval[1])),
            score.verdict,
        )
        for column in BENCHMARKS
        if (score := entry.scores.get(column.key)) and score.difference is not None
    ]
    if not rows:
        return ""
    words = "; ".join(f"{row.name} {row.value:+.1f}".replace("-", "−") for row in rows)
    svg = svg_charts.dots(rows, f"Difference to the base model in points: {words}")
    told = "Points above or below the base model, with 95% intervals. Grey may be luck."
    return svg_charts.figure("What the adapter changed", told, svg)


def _tests(tests: Sequence[Test]) -> str:
    rows = "".join(_test(test) for test in tests)
    if not rows:
        return '<p class="k-empty">The scores of this language cannot be read now.</p>'
    heads = ("Test", "Model", "Score", "95% interval", "Difference", "Broken answers", "Items")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<h3>All models and versions</h3><div class="k-scroll" role="region" tabindex="0" '
        'aria-label="Scores of all models"><table class="k-numbers"><thead><tr>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _test(test: Test) -> str:
    best = max(figure.value for figure in test.figures)
    return "".join(
        _figure(test, figure, at == 0, figure.value == best)
        for at, figure in enumerate(test.figures)
    )


def _figure(test: Test, figure: Figure, first: bool, best: bool) -> str:
    name = f"{_NAMES.get(test.benchmark, test.benchmark)} {test.direction}".strip()
    if test.tested == "eng_Latn":
        name += ", English kept"
    head = f"{safe(name)} <small>{safe(test.metric)}</small>"
    score = _shown(test, figure.value)
    cells = (
        f"<bdi>{safe(figure.model)}</bdi> <small>{safe(figure.revision[:7])} "
        f"{_ROLES.get(figure.role, '')}</small>",
        f"<b>{score}</b>" if best else score,
        _between(test, figure.interval),
        _difference(test, figure),
        "–" if figure.broken is None else f"{figure.broken:,}",
        "–" if figure.n is None else f"{figure.n:,}",
    )
    shown = head if first else f'<span class="k-hidden">{head}</span>'
    return (
        f'<tr class="{"k-first" if first else ""}"><th scope="row">{shown}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _shown(test: Test, value: float, sign: str = "") -> str:
    number = value * 100 if test.metric == "accuracy" else value
    unit = "%" if test.metric == "accuracy" and not sign else ""
    return f"{number:{sign}.1f}{unit}".replace("-", "−")


def _between(test: Test, interval: tuple[float, float] | None, sign: str = "") -> str:
    if interval is None:
        return "–"
    return " to ".join(_shown(test, end, sign) for end in interval)


def _difference(test: Test, figure: Figure) -> str:
    if figure.difference is None:
        return "–"
    sure = {True: "", False: " (may be luck)", None: ""}[figure.significant]
    between = _between(test, figure.difference_interval, "+")
    return f"{_shown(test, figure.difference, '+')}{sure} <small>{between}</small>"


def _answers(examples: Sequence[Example], entry: Entry) -> str:
    if not examples:
        return ""
    tag = f'lang="{safe(entry.bcp47)}" dir="auto"'
    rows = "".join(
        f'<li><p class="k-asked" dir="auto">{safe(one.prompt)}</p><dl>'
        f"<div><dt>Base</dt><dd {tag}>{safe(one.base) or '(nothing)'}</dd></div>"
        f"<div><dt>Adapter</dt><dd {tag}>{safe(one.adapter) or '(nothing)'}</dd></div>"
        f"<div><dt>A person</dt><dd {tag}>{safe(one.reference)}</dd></div></dl></li>"
        for one in examples
    )
    return (
        "<h3>What both said</h3><p>The first translations of the test, not the best ones.</p>"
        f'<ol class="k-examples">{rows}</ol>'
    )


def _training(known: Training) -> str:
    named = (("rows to learn", known.learnt), ("held-out rows", known.held_out))
    curves = [svg_charts.Line(name, points) for name, points in named if points]
    if not curves:
        return ""
    words = ", ".join(
        f"{one.name} from {one.points[0][1]:.2f} to {one.points[-1][1]:.2f}" for one in curves
    )
    svg = svg_charts.lines(curves, f"Training loss: {words}", "step", "loss (nats a token)")
    told = f"How surprised the model was by each token, lower is better: {words}."
    return svg_charts.figure("How it was trained", told, svg)


def _dataset(known: Dataset, entry: Entry, links: Links) -> str:
    if not (known.kept or known.sources):
        return ""
    dropped = sum(many for _, many in known.dropped)
    whole = sum(size for _, size in known.sources) or 1
    sources = svg_charts.bars(
        [(name, size / whole, f"{size / whole:.0%}") for name, size in known.sources],
        "Bytes of the dataset by source",
    )
    most = max((many for _, many in known.dropped), default=1)
    reasons = svg_charts.bars(
        [
            (name.replace("_", " "), many / most, f"{many:,}")
            for name, many in known.dropped[:MOST_REASONS]
        ],
        "Rows that were dropped, by reason",
    )
    where = link(links.dataset(entry.code), "The dataset")
    return (
        f"<h3>What it learned from</h3><p>{where} has {known.kept:,} rows; {dropped:,} more were "
        "written and dropped by the gates.</p>"
        f'<div class="k-halves"><div><h4>Sources, by size</h4>{sources}</div>'
        f"<div><h4>Dropped, by reason</h4>{reasons if known.dropped else 'None.'}</div></div>"
    )


def _advice(known: Advice) -> str:
    if known.word not in _ADVICE:
        return ""
    reasons = "; ".join(
        f"{safe(what)} is {seen:g}, wanted {wanted:g}" for what, seen, wanted in known.reasons
    )
    why = f" ({reasons})" if reasons else ""
    return f"<h3>The check beforehand</h3><p>{_ADVICE[known.word]}{why}</p>"
