"""Card, tables and `.eval_results` have the results, and no text of a model or benchmark."""

from __future__ import annotations

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from recipes.core.benchmarks.settings import BenchmarkSettings, ShotSettings
from recipes.core.benchmarks.tasks import Item, Task
from recipes.evaluate import card, markdown, schema, significance
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.markdown import Contamination, Report
from recipes.evaluate.models import ComparedModel
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
        "flores", code, direction, "chrF++", items, "o/flores", "d" * 40, code, BENCHMARK, ""
    )


def outputs(task: Task, correct: int) -> Outputs:
    """Return outputs of which the first `correct` are right."""
    return [[0.0, -1.0] if i < correct else [-1.0, 0.0] for i in range(len(task.items))]


def results(*tests: tuple[Task, Outputs, Outputs]) -> list[TaskResult]:
    """Score the outputs of base and adapter for each task."""
    tasks, by_task = [task for task, *_ in tests], [models for _, *models in tests]
    return significance.score_tasks(tasks, by_task, SETTINGS)


def report(scored: list[TaskResult], practice: bool = False, language: str = "epo_Latn") -> Report:
    missing = [MissingBenchmark("global_mmlu", "o/mmlu", "e" * 40)]
    contamination = Contamination(90, 2, 3)
    return Report(language, practice, "adapter", scored, missing, contamination, [])


def test_a_chance_difference_is_not_significant_anywhere() -> None:
    task = choice()
    scored = results((task, outputs(task, 20), outputs(task, 23)))
    assert ", not significant" in markdown.render(report(scored))
    assert [row["significant"] for row in schema.summary(scored)] == [False]
    (file,) = card.eval_results(scored, "epo_Latn", False, "2026-01-01", "https://x").values()
    assert "(not significant)" in file.decode()


def test_tests_of_one_claim_are_corrected_together() -> None:
    own, other, english = choice(), choice(benchmark="sib200"), choice("eng_Latn")
    scored = results(
        *((task, outputs(task, 20), outputs(task, 26)) for task in (own, other, english))
    )
    ps = [result.main_score.comparison.p for result in scored]
    assert ps == [pytest.approx(0.03125)] * 3  # six discordant pairs
    assert [result.main_score.p_holm for result in scored] == pytest.approx(
        [0.0625, 0.0625, 0.03125]
    )
    assert [result.main_score.family_size for result in scored] == [2, 2, 1]
    assert [result.main_score.is_significant for result in scored] == [False, False, True]


def test_lost_english_is_reported() -> None:
    own, english = choice(), choice("eng_Latn")
    same = (own, outputs(own, 20), outputs(own, 20))
    lost = results(same, (english, outputs(english, 40), outputs(english, 20)))
    kept = results(same, (english, outputs(english, 30), outputs(english, 31)))
    not_kept = "**English was not kept**: significantly worse than the base in 1 of 1 test."
    assert not_kept in markdown.render(report(lost))
    assert "**English was kept**" in markdown.render(report(kept))


def test_no_text_of_model_or_benchmark_gets_into_card_or_metadata() -> None:
    task, flores = choice(), translation()
    hostile: Outputs = [Generation(HOSTILE, True)] * len(flores.items)
    scored = results((task, outputs(task, 5), outputs(task, 9)), (flores, hostile, hostile))
    section = f"## Results\n\n{card.RESULTS_START}\nold\n{card.RESULTS_END}\n\n## Limits\n\nmany\n"
    before = ModelCard(f"---\nlicense: apache-2.0\n---\n\n# x\n\n{section}")
    for _ in range(2):
        card.update(before, "x", markdown.render(report(scored)), scored, practice=False)
    after = ModelCard(str(before))
    assert after.data.license == "apache-2.0" and len(after.data.eval_results or []) == 3
    assert after.text.count(card.RESULTS_START) == after.text.count(card.RESULTS_END) == 1
    assert after.text.endswith("## Limits\n\nmany\n") and "old" not in after.text
    assert "Owned" not in str(after) and "script" not in after.text.replace("wrong script", "")
    assert "| not covered |" in after.text and "2 of 90 benchmark texts" in after.text
    assert "are built from the same texts. They are one piece of" in after.text


def test_practice_results_are_called_practice() -> None:
    task = choice()
    scored = results((task, outputs(task, 5), outputs(task, 35)))
    text = markdown.render(report(scored, practice=True))
    assert (
        "practice Belebele" in text and markdown.PRACTICE in text and "the same texts" not in text
    )
    files = card.eval_results(scored, "epo_Latn", True, "2026-01-01", "https://x")
    (entry,) = parse_eval_result_entries(yaml.safe_load(files[".eval_results/data.yaml"]))
    assert entry.notes and entry.notes.startswith("practice, not a real benchmark")
    assert (entry.dataset_id, entry.task_id, entry.value) == ("o/data", "epo_Latn", 0.875)


@pytest.mark.parametrize(
    ("code", "source"), [("hau_Latn", "2409.00626"), ("jpn_Jpan", "2508.20511")]
)
def test_known_problems_of_flores_are_noted_with_their_source(code: str, source: str) -> None:
    task = choice(code)
    scored = results((task, outputs(task, 5), outputs(task, 9)))
    assert source in markdown.render(report(scored, language=code))
    assert source not in markdown.render(report(results((choice(), *[outputs(task, 5)] * 2))))
