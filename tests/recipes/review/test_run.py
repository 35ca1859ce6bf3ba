"""Reviews on the local Hub are written on the cards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core import manifest
from recipes.core.manifest import Manifest
from tests.recipes import feedback_samples
from tests.recipes.feedback_samples import HOSTILE, review
from tests.recipes.recipe_runner import RecipeRunner, Run, recipe_runner
from tests.recipes.train.train_jobs import environment, wait_for_success

DATA, ADAPTER = "practice/chats", "practice/kakugo-epo"
CARD = "---\nlicense: mit\n---\n# Data\n\n## What is in it\n\nRows.\n"
MODEL = (
    "---\nlicense: mit\n---\n# Model\n\n**Not yet reviewed by speakers of Esperanto.**\n\n"
    "## Use\n\nSo.\n"
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub") as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
        for repo, kind, card in ((DATA, "dataset", CARD), (ADAPTER, "model", MODEL)):
            api.create_repo(repo, repo_type=kind)
            api.upload_file(
                path_or_fileobj=card.encode(),
                path_in_repo="README.md",
                repo_id=repo,
                repo_type=kind,
            )
        inputs = {"practice/kakugo-practice-corpus": "0" * 40, "practice/flores": "0" * 40}
        made = Manifest("generate", "r", 1, "d" * 64, "epo_Latn", inputs, DATA, "0" * 40, True, 1.0)
        manifest.push(api, DATA, "dataset", "run.json", made)
        yield hub


@pytest.fixture
def runner(hub: LocalHub, torch_fork_server: ForkServer, tmp_path: Path) -> Iterator[RecipeRunner]:
    with recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner:
        yield runner


def report(runner: RecipeRunner, *more: str) -> str:
    return wait_for_success(start(runner, *more))


def start(runner: RecipeRunner, *more: str, killed_before_write: int = 0) -> Run:
    command = ["review-report", "--config", "practice", "--org", "practice", "--language",
               "epo_Latn", "--dataset", DATA, "--adapter", ADAPTER, "--feedback",
               feedback_samples.FEEDBACK, *more]  # fmt: skip
    return runner.start(*command, killed_before_write=killed_before_write)


def test_reviews_are_written_on_both_cards(hub: LocalHub, runner: RecipeRunner) -> None:
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))

    def read(repo: str, kind: str, path: str = "README.md") -> str:
        return Path(api.hf_hub_download(repo, path, repo_type=kind)).read_text()

    first = [review(1, "r1", "keep", "a"), review(2, "r1", "keep", "b"),
             review(3, "r2", "drop", "a"), {**review(4, "r3", "keep", "c"), "consent": False},
             review(5, "r4", "keep", "d", dataset="practice/another")]  # fmt: skip
    feedback_samples.push(api, first)
    assert "2 reviewers, 2 rows (keep 2, fix 0, drop 1)" in report(runner)
    for repo, kind, old in ((DATA, "dataset", CARD), (ADAPTER, "model", MODEL)):
        card = read(repo, kind)
        assert "reviewed-by-speakers" not in card
        assert card.count("Not yet reviewed by speakers of Esperanto") == 1
        assert "2 people reviewed 2 rows of the dataset; 2 people and 4 rows are needed" in card
        assert "to drop" not in card, "nothing is agreed on yet"
        assert card.endswith(old.partition("\n## ")[2])

    rows = [review(6, "r2", "drop", "b", credit=HOSTILE), review(7, "r3", "keep", "b")]
    feedback_samples.push(api, [*rows, review(8, "r4", "fix", "c", fixed="Jes.")])
    # `tests/bench` tries every write of every recipe.
    assert start(runner, "--thank", "Requester One", killed_before_write=2).wait() == -9
    assert "- reviewed-by-speakers\n" not in read(ADAPTER, "model")
    report(runner, "--thank", "Requester One")
    card = read(DATA, "dataset")
    assert "**Reviewed by speakers of Esperanto**: 3 people reviewed 4 rows" in card
    assert card.startswith("---\nlicense: mit\ntags:\n- reviewed-by-speakers\n---\n# Data\n")
    assert "- reviewed-by-speakers\n" in read(ADAPTER, "model")
    assert "| 3 | 1 | 2 | 2 |" in card and "alpha, nominal): 1.00" in card
    assert "With thanks to Eva" in card and "Requester One" in card
    assert "<script>" not in card and "@everyone" not in card and "](http" not in card
    cited = yaml.safe_load(read(DATA, "dataset", "CITATION.cff"))
    assert cited["type"] == "dataset" and {"name": "Requester One"} in cited["authors"]
    urls = [reference.get("url", "") for reference in cited["references"]]
    assert urls[1:] == [f"{hub.url}/datasets/practice/kakugo-practice-corpus"]

    before = [api.repo_info(DATA, repo_type="dataset").sha, api.model_info(ADAPTER).sha]
    report(runner, "--thank", "Requester One")
    assert [api.repo_info(DATA, repo_type="dataset").sha, api.model_info(ADAPTER).sha] == before
