"""Compare two evaluations by their logs, as lm-eval and our own recipe write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes import cli
from recipes.evaluate import schema
from recipes.evaluate.backends.transformers_lm import Generation
from tests.recipes.evaluate.test_markdown import MODELS, choice, translation

LOGS = Path(__file__).parents[2] / "data" / "lm_eval"
RIGHT_A = [1.0] * 10 + [0.0] * 30
RIGHT_B = [1.0] * 30 + [0.0] * 10
REFERENCES = [f"La frazo numero {n} temas pri domo kaj ĝardeno." for n in range(12)]


def recorded(task: str) -> dict[str, Any]:
    """Return a line that lm-evaluation-harness 0.4.13 logged on the practice base."""
    text = (LOGS / f"samples_kakugo_{task}.jsonl").read_text("utf-8")
    line: dict[str, Any] = json.loads(text)
    return line


def choices(scores: Sequence[float], name: str = "acc") -> list[dict[str, Any]]:
    """Return the lines that the harness logs for a multiple-choice task."""
    line = recorded("sib200_epo_Latn")
    del line["acc"]
    return [
        {**line, "doc_id": n, "doc_hash": f"h{n}", "metrics": [name], name: score}
        for n, score in enumerate(scores)
    ]


def translations(outputs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the lines that the harness logs for a generate_until task, without their filter."""
    line = recorded("flores_eng_Latn_to_epo_Latn") | {"filter": "none"}
    return [
        {**line, "doc_id": n, "target": reference, "doc_hash": f"h{n}",
         "filtered_resps": [output], "chrf++": [reference, output], "bleu": [reference, output]}
        for n, (reference, output) in enumerate(zip(REFERENCES, outputs, strict=True))
    ]  # fmt: skip


def ours(model: str, right: Sequence[float]) -> list[dict[str, Any]]:
    """Return the rows of an outputs.jsonl of one model: topics and translations."""
    compared = replace(MODELS[0], model=model)
    topics, flores = choice(benchmark="sib200", size=len(right)), translation()
    likelihoods = [[0.0, -1.0] if score else [-1.0, 0.0] for score in right]
    texts = [Generation(item.reference, True) for item in flores.items]
    neural = [n / 10 for n in range(len(texts))]
    return [
        *schema.output_rows(compared, topics, "k1", likelihoods, {"accuracy": right}),
        *schema.output_rows(
            compared, flores, "k2", texts, {"chrF++": [100.0] * len(texts), "neural": neural}
        ),
    ]


Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes rows below the test's folder and returns the path."""

    def write(path: str, rows: Sequence[Any]) -> str:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(tmp_path / path)

    return write


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """Run `compare --json` and return its rows."""
    assert cli.main(["compare", *arguments, "--json", "--samples", "200"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_accuracies_are_compared_by_the_score_test(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    a = write("a/samples_t_2026-11-30T10-00-00.123.jsonl", choices(RIGHT_A))
    b = write("other.jsonl", choices(RIGHT_B)[::-1])  # named and ordered differently
    (row,) = compared(capsys, a, b)
    assert (row["task"], row["metric"], row["n"]) == ("t", "acc", 40)
    assert (row["a"], row["b"], row["difference"]) == (0.25, 0.75, 0.5)
    assert (row["p"], row["test"]) == (pytest.approx(7.7e-6, abs=1e-7), "paired score test")
    assert row["difference_ci"][0] > 0.3 and row["significant"]


def test_tasks_of_two_folders_are_corrected_together(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = [text[::-1] for text in REFERENCES]
    for folder, right, outputs in (("a/m", RIGHT_A, worse), ("b/m", RIGHT_B, REFERENCES)):
        write(f"{folder}/samples_topics_2026-11-29T10-00-00.jsonl", choices(RIGHT_A))
        newest = write(f"{folder}/samples_topics_2026-11-30T10-00-00.jsonl", choices(right))
        write(f"{folder}/samples_flores_2026-11-30T10-00-00.jsonl", translations(outputs))
    write("a/m/samples_more_2026-11-30T10-00-00.jsonl", choices(RIGHT_A))
    folders = [str(Path(newest).parents[2] / name) for name in "ab"]
    rows = {(row["task"], row["metric"]): row for row in compared(capsys, *folders)}
    assert rows.keys() == {("flores", "chrf++"), ("flores", "bleu"), ("topics", "acc")}
    assert (rows["flores", "chrf++"]["b"], rows["flores", "bleu"]["b"]) == (100, 100)
    assert [row["family"] for row in rows.values()] == [2, 1, 2]
    assert rows["flores", "chrf++"]["test"] == "paired bootstrap"

    assert cli.main(["compare", *folders]) == 0
    text = capsys.readouterr().out
    assert "only in A, not compared: more" in text
    (line,) = [line for line in text.splitlines() if line.startswith("topics")]
    assert line.split()[:6] == ["topics", "acc", "40", "0.250", "0.750", "+0.500"]
    assert line.split()[-2:] == ["<0.0001", "significant"]


def test_outputs_of_our_own_runs_are_compared(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    both = write("outputs.jsonl", ours("base", RIGHT_A) + ours("adapter", RIGHT_A))
    rows = compared(capsys, both, both, "--models", "base", "adapter")
    assert [(row["task"], row["metric"], row["main"], row["b"]) for row in rows] == [
        ("sib200 epo_Latn", "accuracy", True, 0.25),
        ("flores eng_Latn-epo_Latn", "chrf++", True, 100),
        ("flores eng_Latn-epo_Latn", "neural", False, pytest.approx(0.55)),
    ]
    assert not any(row["significant"] for row in rows)
    single = write("one/outputs.jsonl", ours("v2", RIGHT_A))
    assert len(compared(capsys, str(Path(single).parent), single)) == 3


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        (choices(RIGHT_A), choices(RIGHT_A[:30]), "the items differ: 10 are only in A and 0 only"),
        (choices(RIGHT_A), [row | {"doc_hash": "x"} for row in choices([1.0])], "no items in comm"),
        (choices(RIGHT_A), choices(RIGHT_A, "f1"), "has the metrics acc and B f1: none in common"),
        (choices(RIGHT_A), choices([1.0, float("nan")]), "line 2: acc is not a number"),
        (choices(RIGHT_A), [choices([1.0])[0] | {"filtered_resps": [["nan", "False"]]}],
         "line 1: a log-likelihood is not a number"),
        (choices(RIGHT_A), [{"a": 1}], "neither a sample log of lm-eval nor an outputs.jsonl"),
        (choices(RIGHT_A), [{"doc_id": 0}], "line 1 is not a sample of lm-eval"),
        (choices(RIGHT_A), ["text"], "has no JSON objects"),
        (choices(RIGHT_A), [], "has no JSON objects"),
        (choices(RIGHT_A), [choices([1.0])[0] | {"acc": [1, 2]}], "has no metric that is a number"),
        (ours("m", [1.0]), ours("m", [1.0]) + ours("n", [1.0]), "of m, n: choose with --models"),
        (ours("m", [1.0]), [ours("m", [1.0])[0] | {"log_likelihoods": [float("nan"), 0.0]}],
         "line 1: accuracy is not a number"),
        (ours("m", [1.0]), [{"model": "m", "benchmark": "b"}], "not a row of an outputs.jsonl"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(
    write: Write, capsys: pytest.CaptureFixture[str], a: Any, b: Any, error: str
) -> None:
    assert cli.main(["compare", write("a.jsonl", a), write("b.jsonl", b)]) == 2
    message = capsys.readouterr().err
    assert error in message and message.count("\n") == 1


def test_wrong_paths_are_refused(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write("logs/m1/samples_t.jsonl", choices(RIGHT_A))
    write("logs/m2/samples_t.jsonl", choices(RIGHT_A))
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jsonl").write_text("{")
    for path, error in (
        ("logs", "has the logs of several models: name one of"),
        ("empty", "has neither samples_*.jsonl of lm-eval nor an outputs.jsonl"),
        ("absent.jsonl", "cannot be read: No such file"),
        ("text.jsonl", "is not a file of JSON lines"),
    ):
        assert cli.main(["compare", good, str(tmp_path / path)]) == 2
        assert error in capsys.readouterr().err
