"""Every recipe, killed before each of its writes to the Hub and run again, publishes the same.

Run with `pytest tests/bench/test_every_kill.py -s`; prints how many writes a run makes.
`test_kill.py` kills generate, which writes its journal all the time, and
`test_promote_interruptions.py` promote.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from tests.recipes import feedback_samples
from tests.recipes.conftest import tiny_base
from tests.recipes.export import test_run as exporting
from tests.recipes.export.test_run import hub, llama_cpp
from tests.recipes.feedback_samples import FEEDBACK, review
from tests.recipes.generate.conftest import CountingTeacher
from tests.recipes.killed_runs import Repo, check_every_write
from tests.recipes.recipe_runner import RecipeRunner, recipe_runner
from tests.recipes.train.train_jobs import BASE, DATA, client, environment, wait_for_success

__all__ = ["hub", "llama_cpp", "tiny_base"]
pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]
ADAPTER, MERGED, RESULTS = "practice/tiny-epo", "practice/tiny-epo-merged", "practice/results"
OUTPUTS: dict[str, tuple[Repo, ...]] = {
    "train": (("model", ADAPTER),),
    "evaluate": (("dataset", RESULTS), ("model", ADAPTER)),
    "bake-off": (("dataset", RESULTS),),
    "export": (("model", MERGED), ("model", ADAPTER)),
    "review-report": (("dataset", DATA), ("model", ADAPTER)),
}


@pytest.fixture
def runner(hub: LocalHub, fork_server: ForkServer, tmp_path: Path) -> Iterator[RecipeRunner]:
    with recipe_runner(fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner:
        yield runner


@pytest.mark.parametrize("name", OUTPUTS)
def test_recipe(
    hub: LocalHub,
    runner: RecipeRunner,
    llama_cpp: dict[str, Any],
    tmp_path: Path,
    name: str,
) -> None:
    path = tmp_path / "tiny.yaml"
    review_settings = {"review": {"reviewers": 2, "rows": 2}}
    path.write_text(yaml.safe_dump(exporting.recipe(llama_cpp) | review_settings))
    common = ["--config", str(path), "--org", "practice", "--language", "epo_Latn",
              "--dataset", DATA]  # fmt: skip
    models = ["--base", BASE, "--adapter", ADAPTER]
    train = ["train", *common, "--base", BASE, "--into", ADAPTER]
    commands = {
        "train": train,
        "evaluate": ["evaluate", *common, *models, "--into", RESULTS],
        "bake-off": ["bake-off", *common, "--into", RESULTS],
        "export": ["export", *common, *models, "--into", MERGED],
        "review-report": ["review-report", *common, "--adapter", ADAPTER, "--feedback", FEEDBACK],
    }
    api = client(hub)
    api.delete_repo(ADAPTER, missing_ok=True)
    if name != "train":
        wait_for_success(runner.start(*train))
    rows = [
        review(2 * n + m, f"r{n}0", "fix", account, fixed="Jes.")
        for n in range(3)
        for m, account in enumerate(("eva", "bob"))
    ]
    feedback_samples.push(api, rows)
    writes = check_every_write(api, runner, commands[name], OUTPUTS[name], tmp_path / "saved")
    print(f"\n{name}: {writes} writes, the same after a kill before each of them")


def test_check(tmp_path: Path, tiny_base: Path, fork_server: ForkServer) -> None:
    """A repeated check asks the teacher again: it measures what the teacher can do now."""
    argv = ["check", "--config", "practice", "--org", "practice", "--language", "epo_Latn",
            "--base", BASE, "--into", RESULTS, "--teacher"]  # fmt: skip
    with (
        LocalHub(tmp_path / "hub") as hub,
        CountingTeacher() as teacher,
        recipe_runner(fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner,
    ):
        api = client(hub)
        api.create_repo(BASE)
        api.upload_folder(repo_id=BASE, folder_path=tiny_base)
        wait_for_success(runner.start("practice-publish", "--org", "practice"))
        repos = (("dataset", RESULTS),)
        writes = check_every_write(api, runner, [*argv, teacher.url], repos, tmp_path / "saved")
        asked = len(teacher.requests) / (1 + 2 * writes + 1)
    print(f"\ncheck: {writes} writes, about {asked:.0f} questions each time")
