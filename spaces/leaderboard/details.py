"""What is known about one language: all tested models, the adapter's training, its dataset.

Pure: the contents of files in, frozen values out. Many people may write to these repositories, so
whatever is missing or malformed is left out and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from parse_results import Row, number, text_of, whole_number

MAX_EXAMPLE_LENGTH = 600
MAX_EXAMPLES = 6
MAX_CURVE_POINTS = 400
_VERSION = re.compile(r"[0-9][0-9a-z.+]{0,40}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REVIEWED = re.compile(
    r"\*\*(Not yet reviewed|Reviewed) by speakers of [^*\n]{0,80}\*\*(?:: ([^\n]{1,200}))?"
)


@dataclass(frozen=True)
class ModelScore:
    """The score of one model on one measure; the difference to the base is that of an adapter."""

    role: str
    model: str
    revision: str
    value: float
    interval: tuple[float, float] | None
    degenerate: int | None
    n: int | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    p: float | None
    significant: bool | None
    version: str


@dataclass(frozen=True)
class Measure:
    """One benchmark in one direction with one metric, and the scores of all models."""

    benchmark: str
    direction: str
    test_language: str
    metric: str
    scores: tuple[ModelScore, ...]


@dataclass(frozen=True)
class TrainingLog:
    """The losses (nats a token) by step, on the training rows and on the held-out rows."""

    train_loss: tuple[tuple[float, float], ...] = ()
    eval_loss: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class DatasetSummary:
    """The rows of a dataset that were kept, those dropped by reason, and its bytes by source."""

    kept: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    sources: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Example:
    """One item of a benchmark: its prompt, the answers of base and adapter, the reference."""

    prompt: str
    base: str
    adapter: str
    reference: str


@dataclass(frozen=True)
class CheckAdvice:
    """What the check before the first step advised: `level` is good, doubtful or hopeless.

    The shortfalls are metrics with their values and the thresholds that they missed.
    """

    level: str = ""
    shortfalls: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class CodeVersion:
    """The version of the recipes, and the commit of `kakugo-code` that has their wheel.

    The commit is empty if another wheel was installed.
    """

    version: str = ""
    commit: str = ""


@dataclass(frozen=True)
class LanguageDetails:
    """Everything about a language; training log and examples are those of the newest adapter.

    `inputs` are the commits of the repositories that its evaluation read, with this `code`.
    """

    measures: tuple[Measure, ...] = ()
    training: TrainingLog = TrainingLog()
    dataset: DatasetSummary = DatasetSummary()
    examples: tuple[Example, ...] = ()
    advice: CheckAdvice = CheckAdvice()
    gguf_repo: str = ""
    reviewed: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    code: CodeVersion = CodeVersion()


def parse_measures(rows: Iterable[Row]) -> tuple[Measure, ...]:
    """Group the rows of one language by measure; measures in English come last."""
    scores: dict[tuple[str, str, str, str], dict[tuple[str, str], ModelScore]] = {}
    for row in rows:
        measure = (
            row.benchmark,
            text_of(row.direction),
            row.test_language,
            text_of(row.metric),
        )
        score = _model_score(row)
        scores.setdefault(measure, {})[score.model, score.revision] = score
    measures = [Measure(*key, tuple(by_model.values())) for key, by_model in scores.items()]
    return tuple(sorted(measures, key=lambda measure: measure.test_language == "eng_Latn"))


def _model_score(row: Row) -> ModelScore:
    return ModelScore(
        role=row.role,
        model=row.model,
        revision=text_of(row.revision),
        value=row.value,
        interval=row.ci,
        degenerate=(row.degenerate or {}).get("any"),
        n=row.n,
        difference=row.difference,
        difference_interval=row.difference_ci,
        p=row.p,
        significant=row.significant,
        version=text_of(row.version),
    )


def parse_training_log(log: bytes) -> TrainingLog:
    """Read an adapter's `training_log.jsonl`, with fewer points if it is long."""
    curves: dict[str, list[tuple[float, float]]] = {"loss": [], "eval_loss": []}
    for entry in _json_lines(log):
        step = number(entry.get("step"))
        for key, points in curves.items():
            value = number(entry.get(key))
            if step is not None and value is not None:
                points.append((step, value))
    return TrainingLog(_thinned(curves["loss"]), _thinned(curves["eval_loss"]))


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    every = max(1, len(points) // MAX_CURVE_POINTS)
    return (*points[:-1:every], *points[-1:])


def parse_dataset(manifest: bytes, sizes: Mapping[str, int]) -> DatasetSummary:
    """Read a dataset's `run.json`; `sizes` are the bytes of its files by path."""
    counts = _object(_json_object(manifest), "counts")
    dropped = [
        (text_of(reason), int(rows))
        for reason, value in _object(counts, "dropped").items()
        if (rows := number(value))
    ]
    sources: dict[str, int] = {}
    for path, size in sizes.items():
        folder, _, name = path.partition("/")
        if name.endswith(".parquet") and folder != "rejected":
            sources[folder] = sources.get(folder, 0) + size
    kept = whole_number(counts.get("kept")) or 0
    return DatasetSummary(kept, _largest_first(dropped), _largest_first(list(sources.items())))


def _largest_first(pairs: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


def parse_inputs(manifest: bytes) -> dict[str, str]:
    """Read from the `run.json` of an evaluation which repository it read at which commit."""
    inputs = _object(_json_object(manifest), "inputs")
    return {repo: commit for repo, commit in inputs.items() if _COMMIT.fullmatch(text_of(commit))}


def parse_code(manifest: bytes) -> CodeVersion:
    """Read from a `run.json` which version of the recipes made it."""
    recipe = _object(_json_object(manifest), "recipe")
    version, commit = text_of(recipe.get("version")), text_of(recipe.get("commit"))
    if not _VERSION.fullmatch(version):
        return CodeVersion()
    return CodeVersion(version, commit if _COMMIT.fullmatch(commit) else "")


def parse_advice(manifest: bytes) -> CheckAdvice:
    """Read the advice in a check's manifest, `checks/<code>/run.json`."""
    advice = _advice(_object(_json_object(manifest), "metrics"))
    shortfalls = [
        (text_of(shortfall.get("metric")), value, threshold)
        for shortfall in _objects(advice.get("shortfalls"))
        if (value := number(shortfall.get("value"))) is not None
        and (threshold := number(shortfall.get("threshold"))) is not None
    ]
    return CheckAdvice(text_of(advice.get("level")), tuple(shortfalls))


def _advice(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the advice as manifests of schema 2 have it, also from one of schema 1."""
    advice = metrics.get("advice")
    if isinstance(advice, dict):
        return advice
    shortfalls = [
        {"metric": r.get("what"), "value": r.get("seen"), "threshold": r.get("wanted")}
        for r in _objects(metrics.get("reasons"))
    ]
    return {"level": advice, "shortfalls": shortfalls}


def parse_examples(
    outputs: Iterable[bytes], code: str, base: str, adapter: str
) -> tuple[Example, ...]:
    """Return the first items that both models translated into the language.

    They are not chosen by quality.
    """
    outputs_by_item: dict[str, dict[str, Mapping[str, Any]]] = {}
    for line in outputs:
        output = _json_object(line)
        is_translation = output.get("direction") == f"eng_Latn-{code}"
        if is_translation and output.get("model") in (base, adapter):
            item = outputs_by_item.setdefault(str(output.get("id"))[:80], {})
            item[str(output["model"])] = output
    items = [item for item in outputs_by_item.values() if len(item) == 2][:MAX_EXAMPLES]
    return tuple(
        Example(
            _shortened(item[base].get("prompt")),
            _shortened(item[base].get("output")),
            _shortened(item[adapter].get("output")),
            _shortened(item[base].get("reference")),
        )
        for item in items
    )


def parse_review(card: bytes) -> str:
    """Return what an adapter's card says about reviews by speakers; empty if nothing."""
    match = _REVIEWED.search(card.decode("utf-8", "replace"))
    if match is None:
        return ""
    answer = "yes" if match[1] == "Reviewed" else "not yet"
    return f"{answer}: {match[2]}" if match[2] else answer


def _shortened(value: object) -> str:
    if not isinstance(value, str):
        return ""
    is_short = len(value) <= MAX_EXAMPLE_LENGTH
    return value if is_short else value[:MAX_EXAMPLE_LENGTH] + " …"


def _json_lines(lines: bytes) -> Iterator[Mapping[str, Any]]:
    for line in lines.split(b"\n"):
        if value := _json_object(line):
            yield value


def _json_object(text: bytes) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _object(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _objects(values: object) -> list[Mapping[str, Any]]:
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []
