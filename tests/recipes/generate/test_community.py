"""A community's word counts: in the prompts, at the gates, on the card; and a no is a no."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import CountingTeacher, generate

PROFILES = "practice/kakugo-profiles"
PROFILE = """
licence: noodl-1.0
seeds: [the green star]
glossary: [{term: computer, say: komputilo, not: [komputero]}]
forbidden: ["bilet*"]
credit: [Zamenhof]
variants:
  old: {dialect: Fundamento, orthography: the h-system}
"""


@pytest.fixture
def ours(hub: LocalHub, recipe: Path) -> Path:
    """The small recipe with a community that has spoken."""
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo(PROFILES, repo_type="dataset", exist_ok=True)
    api.upload_file(
        path_or_fileobj=PROFILE.encode(),
        path_in_repo="epo_Latn.yaml",
        repo_id=PROFILES,
        repo_type="dataset",
    )
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["communities"] = PROFILES
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    return recipe


def run(hub: LocalHub, home: Path, recipe: Path, teacher: str, *more: str) -> tuple[int, str]:
    process = generate(hub, home, recipe, teacher, "--out", str(home / "out"), *more)
    said, _ = process.communicate(timeout=200)
    return process.returncode, said


def test_a_profile_shapes_prompts_gates_and_card(
    hub: LocalHub, ours: Path, counting_teacher: CountingTeacher, tmp_path: Path
) -> None:
    import datasets

    status, said = run(hub, tmp_path, ours, counting_teacher.url, "--limit", "60")
    assert status == 0, said
    asked = [json.loads(body)["messages"] for body in counting_teacher.asked]
    ruled = [
        turns
        for turns in asked
        if "Never write in Esperanto: komputero, bilet* (* stands for any letters)."
        in str(turns[0])
    ]
    assert len(asked) > len(ruled) > len(asked) / 2, "what no language owns is asked as ever"
    assert any("the green star" in str(turns) for turns in asked)
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "license: other\nlicense_name: noodl-1.0" in card and "Zamenhof" in card
    files = [str(path) for path in (tmp_path / "out").glob("[!r]*/*.parquet")]
    rows = datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    answers = [row["messages"][-1]["content"] for row in rows]
    assert "forbidden_form" in card, "the teacher does not listen: the gate has work"
    assert answers and not any(" bilet" in text for text in answers)


def test_a_variant_is_named_to_the_teacher_and_the_licence_asked_for_goes_first(
    hub: LocalHub, ours: Path, counting_teacher: CountingTeacher, tmp_path: Path
) -> None:
    more = ("--limit", "8", "--variant", "old", "--licence", "cc0-1.0")
    status, said = run(hub, tmp_path, ours, counting_teacher.url, *more)
    told = "Esperanto (in the dialect Fundamento, spelt by the h-system)"
    assert any(told.encode() in body for body in counting_teacher.asked), said
    if status == 0:  # the practice teacher knows no dialects and may have said nothing of use
        assert "license: cc0-1.0" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("profile", "more", "said"),
    [
        ("consent: no", (), "no data are to be made"),
        (PROFILE, ("--variant", "x"), "no variant 'x'"),
    ],
)
def test_a_no_is_a_no(
    hub: LocalHub, ours: Path, tmp_path: Path, profile: str, more: tuple[str, ...], said: str
) -> None:
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.upload_file(
        path_or_fileobj=profile.encode(),
        path_in_repo="epo_Latn.yaml",
        repo_id=PROFILES,
        repo_type="dataset",
    )
    status, told = run(hub, tmp_path, ours, "http://127.0.0.1:1", *more)
    assert status == 2 and said in told and "Traceback" not in told
