"""Card, tables and `.eval_results` have the results, and answers without markup."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from recipes.core.benchmarks.settings import BenchmarkSettings, ShotSettings
from recipes.core.benchmarks.tasks import Item, Task
from recipes.core.number_format import signed
from recipes.evaluate import card, markdown, samples, schema, significance
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.markdown import Contamination, Report
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.overall import overall
from recipes.evaluate.significance import Outputs, TaskResult
from recipes.evaluate.suite import MissingBenchmark
from tests.recipes.evaluate import lm_eval_tasks

HOSTILE = (
    "<!-- /results --> | a | b |\n# Owned\n---\nlicense: mit\n---\n<script>x</script>\u2028{{ x }}"
)
BENCHMARK = BenchmarkSettings(
    dataset="o/data", revision="main", split="test", shots=ShotSettings(0, "")
)
SETTINGS = lm_eval_tasks.practice()
MODELS = [
    ComparedModel(role, f"o/{role}", "c" * 40, "o/base", "c" * 40, role == "adapter", "f")
    for role in ("base", "adapter")
]


def choice(language: str = "epo_Latn", benchmark: str = "belebele", size: int = 40) -> Task:
    items = tuple(Item(str(number), HOSTILE, ("A", "B"), 0, (HOSTILE,)) for number in range(size))
    return Task(
        benchmark, language, None, "accuracy", items, "o/data", "d" * 40, language, BENCHMARK, ""
    )


def translation(code: str = "epo_Latn") -> Task:
    items = tuple(Item(str(n), "?", (f"{n} bona",), 0, (), source=HOSTILE) for n in range(12))
    direction = f"eng_Latn-{code}"
    return Task(
        "flores", code, direction, "chrF++", items, "o/flores", "d" * 40, code,
        replace(BENCHMARK, quotable=True), "",
    )  # fmt: skip


def outputs(task: Task, correct: int) -> Outputs:
    """Return outputs of which the first `correct` are right."""
    return [[0.0, -1.0] if i < correct else [-1.0, 0.0] for i in range(len(task.items))]


def results(*tests: tuple[Task, Outputs, Outputs]) -> list[TaskResult]:
    """Score the outputs of base and adapter for each task."""
    tasks, by_task = [task for task, *_ in tests], [models for _, *models in tests]
    return significance.score_tasks(tasks, by_task, SETTINGS)


def report(scored: list[TaskResult], practice: bool = False, language: str = "epo_Latn") -> Report:
    missing = [MissingBenchmark("global_mmlu", language, "o/mmlu", "e" * 40)]
    contamination = Contamination(90, 2, 3)
    found = overall(scored, language, margin=2)
    return Report(language, practice, "adapter", scored, missing, contamination, [], found)


def test_a_chance_difference_is_not_significant_anywhere() -> None:
    task = choice()
    scored = results((task, outputs(task, 20), outputs(task, 23)))
    assert ", not significant" in markdown.render(report(scored))
    assert [row["significant"] for row in schema.summary(scored)] == [False]
    registered = {("o/data", "epo_Latn")}
    (file,) = card.eval_results(
        scored, "epo_Latn", False, "2026-01-01", "https://x", registered
    ).values()
    assert "(not significant)" in file.decode()


def test_other_models_stand_beside_gain_tokens_and_cost() -> None:
    task, english = choice(), choice("eng_Latn")
    scored = results(
        (task, outputs(task, 10), outputs(task, 20), outputs(task, 18)),
        (english, outputs(english, 10), outputs(english, 5), outputs(english, 20)),
    )
    compared = replace(
        report(scored), peers=["o/p"], tokens_per_character=[0.5, 0.5, 0.25], cost_usd=18.714
    )
    text = markdown.render(compared)
    assert "| benchmark | metric | base | adapter | `o/p` |" in text
    assert "| gain over the base | points | +0.0 | +25.0 | +20.0 |" in text  # without English
    assert "| tokens per character |  | 0.50 | 0.50 | 0.25 |" in text
    assert "| cost of data and training | US$ |  | 18.71 |  |" in text
    cheap = replace(compared, cost_usd=0.004)
    assert "| US$ |  | less than 0.01 |" in markdown.render(cheap)
    assert "cost of data" not in markdown.render(report(scored))


def test_tests_of_one_claim_are_corrected_together() -> None:
    own, other, english = choice(), choice(benchmark="sib200"), choice("eng_Latn")
    scored = results(
        *((task, outputs(task, 20), outputs(task, 26)) for task in (own, other, english))
    )
    comparisons = [result.main_score.comparison for result in scored]
    alone = 0.0143  # six discordant pairs
    assert [each.p for each in comparisons] == pytest.approx(
        [2 * alone, 2 * alone, alone], abs=2e-4
    )
    assert [each.tests for each in comparisons] == [2, 2, 1]


@pytest.mark.parametrize(
    ("size", "base", "adapter", "verdict"),
    [
        (40, 40, 20, "**English was lost**: −50.0 points"),
        (1000, 900, 900, "**English was kept**: +0.0 points"),
        (400, 300, 290, "**Some English was lost; cannot tell whether more than 2 points**: −2.5"),
        (40, 30, 28, "**Cannot tell whether English was kept**: −5.0 points"),
    ],
)
def test_card_and_rows_say_the_same_of_english(
    size: int, base: int, adapter: int, verdict: str
) -> None:
    own, english = choice(), choice("eng_Latn", size=size)
    scored = results(
        (own, outputs(own, 20), outputs(own, 30)),
        (english, outputs(english, base), outputs(english, adapter)),
    )
    found = overall(scored, "epo_Latn", margin=2)
    (line,) = [line for line in markdown.render(report(scored)).splitlines() if verdict in line]
    assert line.endswith("and the recipe accepts a loss of 2 points.")
    columns = schema.overall_summary(found)
    assert columns["gain"] == 25 and columns["english"] == found.english_verdict
    assert found.english is not None
    assert columns["english_difference_ci"] == [
        found.english.low,
        found.english.high,
    ]
    assert f"({signed(found.english.low)} to {signed(found.english.high)})" in line


def test_no_markup_of_model_or_benchmark_gets_into_card_or_metadata() -> None:
    task, flores = choice(), translation()
    hostile: Outputs = [Generation(HOSTILE, True)] * len(flores.items)
    scored = results((task, outputs(task, 5), outputs(task, 9)), (flores, hostile, hostile))
    shown = samples.first_translations([flores], {(0, 0): hostile, (1, 0): hostile}, "epo_Latn")
    section = "## Results\n\n<!-- results -->\nold\n<!-- /results -->\n\n## Limits\n\nmany\n"
    before = ModelCard(f"---\nlicense: apache-2.0\n---\n\n# x\n\n{section}")
    for _ in range(2):
        text = markdown.render(replace(report(scored), samples=shown))
        card.update(before, "x", text, scored, practice=False)
    after = ModelCard(str(before))
    assert after.data.license == "apache-2.0" and len(after.data.eval_results or []) == 3
    assert after.text.count("<!-- results -->") == after.text.count("<!-- /results -->") == 1
    assert after.text.endswith("## Limits\n\nmany\n") and "old" not in after.text
    owned = [line for line in after.text.splitlines() if "Owned" in line]
    assert len(owned) == 9 and all(line.startswith("> **") for line in owned)
    assert "<script" not in after.text and "{{" not in after.text
    assert "| not covered |" in after.text and "2 of 90 benchmark texts" in after.text
    assert "are built from the same texts. They are one piece of" in after.text


def test_practice_results_are_called_practice() -> None:
    task = choice()
    scored = results((task, outputs(task, 5), outputs(task, 35)))
    text = markdown.render(report(scored, practice=True))
    assert (
        "practice Belebele" in text and markdown.PRACTICE in text and "the same texts" not in text
    )
    registered = {("o/data", "epo_Latn")}
    files = card.eval_results(scored, "epo_Latn", True, "2026-01-01", "https://x", registered)
    (entry,) = parse_eval_result_entries(yaml.safe_load(files[".eval_results/data.yaml"]))
    assert entry.notes and entry.notes.startswith("practice, not a real benchmark")
    assert (entry.dataset_id, entry.task_id, entry.value) == ("o/data", "epo_Latn", 0.875)
    for others in ((), {("o/data", "another")}, {("another", "epo_Latn")}):
        assert card.eval_results(scored, "epo_Latn", True, "d", "https://x", others) == {}


@pytest.mark.parametrize(
    ("code", "source"), [("hau_Latn", "2409.00626"), ("jpn_Jpan", "2508.20511")]
)
def test_known_problems_of_flores_are_noted_with_their_source(code: str, source: str) -> None:
    task = choice(code)
    scored = results((task, outputs(task, 5), outputs(task, 9)))
    assert source in markdown.render(report(scored, language=code))
    assert source not in markdown.render(report(results((choice(), *[outputs(task, 5)] * 2))))


def test_the_first_translations_into_the_language_are_shown() -> None:
    topics, back, flores = choice(), translation("eng_Latn"), translation()
    base = [Generation("<think>hm</think> ", True), Generation("*mal*", True)] * 6
    adapter = [Generation(f"{n} bona {'tre ' * 100}", True) for n in range(12)]
    collected = {(0, 2): base, (1, 2): adapter}
    shown = samples.first_translations([topics, back, flores], collected, "epo_Latn")
    assert [each.reference for each in shown] == ["0 bona", "1 bona", "2 bona"]
    _, first, second, _ = samples.render(shown, "tuned")
    assert "> **Base:** *(nothing)*\\\n> **Tuned:** 0 bona tre" in first
    assert "> **Base:** &#42;mal&#42;\\\n" in second and "t …\\\n> **Reference:** 1 bona" in second
    assert samples.render([], "adapter") == []
    flores = replace(flores, settings=replace(flores.settings, quotable=False))
    shown = samples.first_translations([topics, back, flores], collected, "epo_Latn")
    _, first, *_ = samples.render(shown, "tuned")
    assert "sentence 0 of o&#47;flores" in first and "0 bona tre" in first
    assert HOSTILE not in shown[0].source and "Reference" not in first
