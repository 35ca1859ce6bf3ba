"""Rows in the schemas of the real benchmarks become prompts with the right answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipes.core.benchmarks.readers import (
    belebele,
    flores,
    global_mmlu,
    global_piqa,
    sib200,
)
from recipes.core.benchmarks.settings import BenchmarkSettings, ShotSettings
from recipes.core.benchmarks.tasks import Source
from recipes.core.errors import Unworkable
from recipes.evaluate import harness_docs

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

Rows = dict[str, dict[str, list[dict[str, Any]]]]  # config → split → rows


def source(folder: Path, rows: Rows, **settings: Any) -> Source:
    """Write a dataset that `datasets` reads without a Hub."""
    configs = []
    for config, splits in rows.items():
        (folder / config).mkdir()
        for split, lines in splits.items():
            (folder / config / f"{split}.jsonl").write_text("\n".join(map(json.dumps, lines)))
        files = [{"split": split, "path": f"{config}/{split}.jsonl"} for split in splits]
        configs.append({"config_name": config, "data_files": files})
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")
    benchmark = BenchmarkSettings(dataset=str(folder), revision="main", **settings)
    return Source(str(folder), "main", next(iter(rows)), "epo_Latn", benchmark)


def test_flores_joins_each_split_by_its_own_ids(tmp_path: Path) -> None:
    def rows(word: str) -> dict[str, list[dict[str, Any]]]:
        return {
            "dev": [{"id": i, "text": f"{word} dev {i}"} for i in (1, 2)],
            "devtest": [{"id": i, "text": f"{word} test {i}"} for i in (1, 2, 3)],
        }

    benchmark = source(
        tmp_path,
        {"epo_Latn": rows("eo"), "eng_Latn": rows("en")},
        split="devtest",
        limit=2,
        shots=ShotSettings(1, "dev"),
        prompts={"from_english": "{language}: {text}", "into_english": "{text}?"},
    )
    into, back = flores(benchmark)
    assert (into.direction, back.direction) == ("eng_Latn-epo_Latn", "epo_Latn-eng_Latn")
    assert into.chance is None and len(into.items) == len(back.items) == 2
    second = into.items[1]
    assert (second.prompt, second.reference) == ("Esperanto: en test 2", "eo test 2")
    assert second.shots == (("Esperanto: en dev 1", "eo dev 1"),)
    assert second.texts == ("en test 2", "eo test 2")
    assert back.items[0].shots == (("eo dev 1?", "en dev 1"),)
    assert [turn["role"] for turn in second.messages] == ["user", "assistant", "user"]


def test_flores_without_the_english_of_a_row_is_refused(tmp_path: Path) -> None:
    rows = {"epo_Latn": {"dev": [{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]},
            "eng_Latn": {"dev": [{"id": 1, "text": "a"}]}}  # fmt: skip
    with pytest.raises(Unworkable, match="has no English for id 2, split dev"):
        flores(source(tmp_path, rows, split="dev"))


def test_sib200_uses_the_recipe_s_names_of_categories(tmp_path: Path) -> None:
    rows = [{"index_id": 7, "category": "sports", "text": "Pilko."}]
    settings = {"split": "test", "prompt": "{text} {options}"}
    options = {"travel": "vojaĝoj", "sports": "sporto"}
    benchmark = source(tmp_path, {"epo_Latn": {"test": rows}}, options=options, **settings)
    (task,) = sib200(benchmark)
    assert (task.items[0].reference, task.chance) == ("sporto", 0.5)
    assert task.items[0].prompt == "Pilko. vojaĝoj, sporto"


def test_sib200_refuses_a_category_without_a_name(tmp_path: Path) -> None:
    rows = [{"index_id": 7, "category": "sports", "text": "Pilko."}]
    benchmark = source(
        tmp_path, {"epo_Latn": {"test": rows}}, split="test", options={"travel": "x"}
    )
    with pytest.raises(Unworkable, match="lacks 'sports'"):
        sib200(benchmark)


def test_belebele_takes_its_shots_out_of_the_questions(tmp_path: Path) -> None:
    rows = [
        {
            "link": "l",
            "question_number": i,
            "flores_passage": f"P{i}",
            "question": "Q?",
            **{f"mc_answer{n}": f"o{n}" for n in range(1, 5)},
            "correct_answer_num": str(i),
        }
        for i in (1, 2, 3, 4)
    ]
    benchmark = source(
        tmp_path,
        {"epo_Latn": {"test": rows}},
        split="test",
        shots=ShotSettings(1, "test"),
        prompt="{passage} {question} A: {option_a} D: {option_d}",
        answer="{letter}. {option}",
    )
    (task,) = belebele(benchmark)
    assert [item.reference for item in task.items] == ["B. o2", "C. o3", "D. o4"]
    assert task.items[0].shots == (("P1 Q? A: o1 D: o4", "A. o1"),)
    assert task.items[0].texts == ("P2",) and task.chance == 0.25


def test_no_shot_has_the_text_or_passage_of_a_question(tmp_path: Path) -> None:
    """flores#67, lm-eval#3945 and #4145: a shot gave the answer, or showed the passage, of one."""

    def rows(*texts: str) -> list[dict[str, Any]]:
        return [
            {"link": text, "question_number": n, "flores_passage": text, "question": "Q?",
             **{f"mc_answer{i}": f"o{i}" for i in range(1, 5)}, "correct_answer_num": "1"}
            for n, text in enumerate(texts)
        ]  # fmt: skip

    splits = {"dev": rows("Ruĝa!", "Verda.", "Blua.", "Griza."),
              "test": rows("Nova.", "ruĝa", "Nova", "Alia.", "Blua.")}  # fmt: skip
    for name, split, prompts, shown in (
        ("own", "test", ["ruĝa", "Alia.", "Blua."], ["Nova."]),
        ("other", "dev", ["Nova.", "ruĝa", "Nova", "Alia.", "Blua."], ["Verda.", "Griza."]),
    ):
        (folder := tmp_path / name).mkdir()
        (task,) = belebele(
            source(folder, {"epo_Latn": splits}, split="test", prompt="{passage}",
                   shots=ShotSettings(len(shown), split))
        )  # fmt: skip
        assert [item.prompt for item in task.items] == prompts
        assert [prompt for prompt, _ in task.items[0].shots] == shown


def test_a_template_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    rows = [{"index_id": 7, "category": "sports", "text": "Pilko."}]
    benchmark = source(tmp_path, {"epo_Latn": {"test": rows}}, split="test", prompt="{question}",
                  options={"sports": "sporto"})  # fmt: skip
    with pytest.raises(Unworkable, match=r"'question'; it may have \{text\}, \{options\}"):
        sib200(benchmark)


def mmlu(*questions: str) -> list[dict[str, Any]]:
    """Return rows of Global-MMLU; a question begins with its subject."""
    return [
        {"sample_id": question, "subject": question.split()[0], "question": question,
         "answer": "C", **{f"option_{letter}": letter * 2 for letter in "abcd"}}
        for question in questions
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("split", "asked", "shots"),
    [
        ("dev", "law 1|art 1|law 2|law 3", {"law": "law a|law b", "art": "art a"}),
        ("test", "law 3", {"law": "law 1|law 2", "art": "art 1"}),
    ],
)
def test_global_mmlu_has_shots_of_each_subject_also_in_the_harness(
    tmp_path: Path, split: str, asked: str, shots: dict[str, str]
) -> None:
    splits = {"dev": mmlu("law 1", "law a", "art a", "law b", "law c"),
              "test": mmlu("law 1", "art 1", "law 2", "law 3")}  # fmt: skip
    benchmark = source(
        tmp_path, {"eo": splits}, split="test", prompt="{question}", shots=ShotSettings(2, split)
    )
    (task,) = global_mmlu(benchmark)
    assert [item.prompt for item in task.items] == asked.split("|")
    assert {item.reference for item in task.items} == {"cc"}
    for item in task.items:
        assert [prompt for prompt, _ in item.shots] == shots[item.subject].split("|")
        theirs = harness_docs.load(
            path=str(tmp_path), name="eo", revision="main", split="test", shots=2,
            shots_split=split, text_column="question", subject_column="subject",
            subject=item.subject,
        )  # fmt: skip
        questions, examples = (
            [row["question"] for row in theirs[name]]
            for name in (harness_docs.QUESTIONS, harness_docs.SHOTS)
        )
        assert questions == [each.prompt for each in task.items if each.subject == item.subject]
        assert examples == [prompt for prompt, _ in item.shots]


def test_rows_with_the_same_id_are_refused(tmp_path: Path) -> None:
    rows = [{"index_id": 7, "category": "sports", "text": text} for text in ("Pilko.", "Ludo.")]
    benchmark = source(
        tmp_path, {"epo_Latn": {"test": rows}}, split="test", options={"sports": "s"}
    )
    with pytest.raises(
        Unworkable, match="rows with the same id in the config epo_Latn, split test"
    ):
        sib200(benchmark)


def test_english_settings_override_the_others() -> None:
    settings = BenchmarkSettings(
        "o/d", "v1", "test", prompt="Kio?", limit=9, english={"prompt": "What?"}
    )
    english = settings.in_english()
    assert english and (english.prompt, english.limit, english.revision) == ("What?", 9, "v1")
    assert english.in_english() is None


def test_a_benchmark_without_rows_is_refused(tmp_path: Path) -> None:
    rows = [{"index_id": 7, "category": "sports", "text": "Pilko."}]
    benchmark = source(tmp_path, {"epo_Latn": {"test": rows}}, split="test", limit=0,
                  options={"sports": "sporto"})  # fmt: skip
    with pytest.raises(Unworkable, match="no rows in the config epo_Latn, split test"):
        sib200(benchmark)


def test_global_piqa_scores_solutions_as_continuations_of_the_prompt(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Pluvas {i} tagojn, do", "solution0": "mi prenas ombrelon.",
         "solution1": "mi akvumas la ĝardenon per tre longa akvohoso.", "label": i % 2}
        for i in range(2)
    ]  # fmt: skip
    benchmark = source(tmp_path, {"epo_latn": {"test": rows}}, split="test", prompt="{prompt}")
    (task,) = global_piqa(benchmark)
    first, second = task.items
    assert (first.prompt, first.reference) == ("Pluvas 0 tagojn, do", rows[0]["solution0"])
    assert second.reference == rows[1]["solution1"] and first.id != second.id
    assert first.texts == ("Pluvas 0 tagojn, do",) and task.chance == 0.5
