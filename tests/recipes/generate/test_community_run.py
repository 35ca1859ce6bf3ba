"""A community's profile shapes prompts, gates and card, and can forbid a run."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import CountingTeacher, generate
from tests.recipes.recipe_runner import RecipeRunner

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
    """The small recipe with a community's profile."""
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo(PROFILES, repo_type="dataset", exist_ok=True)
    push_profile(api, PROFILE)
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["communities"] = PROFILES
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    return recipe


def push_profile(api: HfApi, profile: str) -> None:
    api.upload_file(
        path_or_fileobj=profile.encode(),
        path_in_repo="epo_Latn.yaml",
        repo_id=PROFILES,
        repo_type="dataset",
    )


def run(jobs: RecipeRunner, home: Path, recipe: Path, teacher: str, *more: str) -> tuple[int, str]:
    process = generate(jobs, home, recipe, teacher, "--out", str(home / "out"), *more)
    output = "".join(process.communicate())
    return process.wait(), output


def test_a_profile_shapes_prompts_gates_and_card(
    jobs: RecipeRunner, ours: Path, counting_teacher: CountingTeacher, tmp_path: Path
) -> None:
    import datasets

    status, output = run(jobs, tmp_path, ours, counting_teacher.url, "--limit", "60")
    assert status == 0, output
    asked = [json.loads(body)["messages"] for body in counting_teacher.requests]
    with_rules = [
        turns
        for turns in asked
        if "Never write in Esperanto: komputero, bilet* (* stands for any letters)."
        in str(turns[0])
    ]
    assert len(asked) > len(with_rules) > len(asked) / 2, (
        "requests shared by all languages have none"
    )
    assert any("the green star" in str(turns) for turns in asked)
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "license: other\nlicense_name: noodl-1.0" in card and "Zamenhof" in card
    files = [str(path) for path in (tmp_path / "out").glob("[!r]*/*.parquet")]
    rows = datasets.load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    answers = [row["messages"][-1]["content"] for row in rows]
    assert "forbidden_form" in card, "the practice teacher ignores the rules"
    assert answers and not any(" bilet" in text for text in answers)


def test_prompts_name_the_variant_and_the_requested_licence_goes_first(
    jobs: RecipeRunner, ours: Path, counting_teacher: CountingTeacher, tmp_path: Path
) -> None:
    more = ("--limit", "8", "--variant", "old", "--licence", "cc0-1.0")
    status, output = run(jobs, tmp_path, ours, counting_teacher.url, *more)
    name = "Esperanto (in the dialect Fundamento, spelt by the h-system)"
    assert any(name.encode() in body for body in counting_teacher.requests), output
    if status == 0:  # the practice teacher knows no dialects and may answer nothing usable
        card = (tmp_path / "out" / "README.md").read_text("utf-8")
        licence = "cc0&#45;1&#46;0"
        assert f"daily life | {licence} |" in card or f"a tree of topics | {licence} |" in card
        assert "license: apache-2.0" in card, "that of the texts and conversations is stricter"
    assert "Traceback" not in output


# Failed before: what a community had withdrawn was published hours later, if no bot was running.
def test_nothing_is_pushed_for_a_community_that_withdraws_meanwhile(
    hub: LocalHub,
    jobs: RecipeRunner,
    ours: Path,
    counting_teacher: CountingTeacher,
    tmp_path: Path,
) -> None:
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    repo, counting_teacher.delay = "practice/kakugo-withdrawn", 0.2
    process = generate(jobs, tmp_path, ours, counting_teacher.url, "--into", repo, "--limit", "4")
    while not counting_teacher.requests:
        assert process.poll() is None
        time.sleep(0.02)
    push_profile(api, "consent: no")
    output = "".join(process.communicate())
    assert process.wait() == 2 and "does not consent" in output, output
    assert not api.repo_exists(repo, repo_type="dataset")


@pytest.mark.parametrize(
    ("profile", "more", "sentence"),
    [
        ("consent: no", (), "does not consent"),
        (PROFILE, ("--variant", "x"), 'no variant "x"'),
    ],
)
def test_a_refusal_ends_the_run(
    hub: LocalHub,
    jobs: RecipeRunner,
    ours: Path,
    tmp_path: Path,
    profile: str,
    more: tuple[str, ...],
    sentence: str,
) -> None:
    push_profile(HfApi(endpoint=hub.url, token=hub.token("kakugo-bot")), profile)
    status, output = run(jobs, tmp_path, ours, "http://127.0.0.1:1", *more)
    assert status == 2 and sentence in output and "Traceback" not in output
