"""Card, tables and `.eval_results` say what was found, and no text of a model gets into them."""

from __future__ import annotations

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from recipes.evaluate import card, markdown, schema, significance
from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.benchmarks import Item, Missing, Task
from recipes.evaluate.markdown import Checked, Report
from recipes.evaluate.models import Contestant
from recipes.evaluate.settings import Benchmark, Shots
from recipes.evaluate.significance import Outputs
from tests.recipes.evaluate import lm_eval_tasks

HOSTILE = (
    "<!-- /results --> | a | b |\n# Owned\n---\nlicense: mit\n---\n<script>x</script>\u2028{{ x }}"
)
ASKED = Benchmark(dataset="o/data", revision="main", split="test", shots=Shots(0, ""))
SETTINGS = lm_eval_tasks.practice()
OURS = [
    Contestant(role, f"o/{role}", "c" * 40, "o/base", "c" * 40, role == "adapter", "f")
    for role in ("base", "adapter")
]


def choice(language: str = "epo_Latn", benchmark: str = "belebele", size: int = 40) -> Task:
    items = tuple(Item(str(number), HOSTILE, ("A", "B"), 0, (HOSTILE,)) for number in range(size))
    return Task(
        benchmark, language, None, "accuracy", items, "o/data", "d" * 40, language, ASKED, ""
    )


def translation(code: str = "epo_Latn") -> Task:
    items = tuple(Item(str(n), "?", (f"{n} bona",), 0, (), source=HOSTILE) for n in range(12))
    way = f"eng_Latn-{code}"
    return Task("flores", code, way, "chrF++", items, "o/flores", "d" * 40, code, ASKED, "")


def chosen(task: Task, right: int) -> Outputs:
    """The first so many are right."""
    return [[0.0, -1.0] if place < right else [-1.0, 0.0] for place in range(len(task.items))]


def outcomes(*asked: tuple[Task, Outputs, Outputs]) -> list[significance.Outcome]:
    return significance.judge([task for task, *_ in asked], [said for _, *said in asked], SETTINGS)


def report(
    found: list[significance.Outcome], practice: bool = False, language: str = "epo_Latn"
) -> Report:
    lacking = [Missing("global_mmlu", "o/mmlu", "e" * 40)]
    return Report(language, practice, "adapter", found, lacking, Checked(90, 2, 3), [])


def test_a_difference_within_chance_is_called_so_everywhere() -> None:
    task = choice()
    found = outcomes((task, chosen(task, 20), chosen(task, 23)))
    assert ", not significant" in markdown.markdown(report(found))
    assert [line["significant"] for line in schema.summary(found)] == [False]
    (file,) = card.eval_results(found, "epo_Latn", False, "2026-01-01", "https://x").values()
    assert "(not significant)" in file.decode()


def test_several_tests_of_one_claim_are_corrected_together_and_english_apart() -> None:
    own, other, english = choice(), choice(benchmark="sib200"), choice("eng_Latn")
    found = outcomes(
        *((task, chosen(task, 20), chosen(task, 26)) for task in (own, other, english))
    )
    ps = [outcome.main.comparison.p for outcome in found]
    assert ps == [pytest.approx(0.03125)] * 3  # six against none
    assert [outcome.main.p_holm for outcome in found] == pytest.approx([0.0625, 0.0625, 0.03125])
    assert [outcome.main.family for outcome in found] == [2, 2, 1]
    assert [outcome.main.significant for outcome in found] == [False, False, True]


def test_what_an_adapter_forgot_of_english_is_said() -> None:
    own, english = choice(), choice("eng_Latn")
    rows = (own, chosen(own, 20), chosen(own, 20))
    lost = outcomes(rows, (english, chosen(english, 40), chosen(english, 20)))
    kept = outcomes(rows, (english, chosen(english, 30), chosen(english, 31)))
    assert "**English was not kept**: significantly worse in 1 of 1" in markdown.markdown(
        report(lost)
    )
    assert "**English kept**" in markdown.markdown(report(kept))


def test_no_text_of_model_or_benchmark_reaches_card_or_metadata() -> None:
    task, way = choice(), translation()
    said: Outputs = [Said(HOSTILE, True)] * len(way.items)
    found = outcomes((task, chosen(task, 5), chosen(task, 9)), (way, said, said))
    marked = f"## Results\n\n{card.RESULTS_START}\nold\n{card.RESULTS_END}\n\n## Limits\n\nmany\n"
    before = ModelCard(f"---\nlicense: apache-2.0\n---\n\n# x\n\n{marked}")
    for _ in range(2):
        card.update(before, "x", markdown.markdown(report(found)), found, practice=False)
    after = ModelCard(str(before))
    assert after.data.license == "apache-2.0" and len(after.data.eval_results or []) == 3
    assert after.text.count(card.RESULTS_START) == after.text.count(card.RESULTS_END) == 1
    assert after.text.endswith("## Limits\n\nmany\n") and "old" not in after.text
    assert "Owned" not in str(after) and "script" not in after.text.replace("wrong script", "")
    assert "| not covered |" in after.text and "2 of 90 benchmark texts" in after.text
    assert markdown.RELATED in after.text


def test_practice_is_called_practice_and_nothing_else() -> None:
    task = choice()
    found = outcomes((task, chosen(task, 5), chosen(task, 35)))
    text = markdown.markdown(report(found, practice=True))
    assert (
        "practice Belebele" in text and markdown.PRACTICE in text and markdown.RELATED not in text
    )
    files = card.eval_results(found, "epo_Latn", True, "2026-01-01", "https://x")
    (entry,) = parse_eval_result_entries(yaml.safe_load(files[".eval_results/data.yaml"]))
    assert entry.notes and entry.notes.startswith("practice, not a real benchmark")
    assert (entry.dataset_id, entry.task_id, entry.value) == ("o/data", "epo_Latn", 0.875)


@pytest.mark.parametrize(
    ("code", "source"), [("hau_Latn", "2409.00626"), ("jpn_Jpan", "2508.20511")]
)
def test_what_is_known_to_be_wrong_with_flores_is_noted_with_its_source(
    code: str, source: str
) -> None:
    task = choice(code)
    found = outcomes((task, chosen(task, 5), chosen(task, 9)))
    assert source in markdown.markdown(report(found, language=code))
    assert source not in markdown.markdown(report(outcomes((choice(), *[chosen(task, 5)] * 2))))
