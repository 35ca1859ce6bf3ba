"""Agreed edits are applied by the next training: dropped rows and corrected answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core import row_edits
from recipes.core.errors import Unworkable
from recipes.core.row_edits import RowEdits
from tests.recipes import feedback_samples
from tests.recipes.feedback_samples import FEEDBACK, review
from tests.recipes.recipe_runner import RecipeRunner, recipe_runner
from tests.recipes.train.train_jobs import (
    DATA,
    Jobs,
    client,
    environment,
    hub_with_chats,
    wait_for_success,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]
VERDICTS = [
    *(("r00", "drop", who, "") for who in "ab"),
    *(("r01", "drop", who, "") for who in "ab"),
    ("r01", "keep", "c", ""),
    ("r02", "drop", "a", ""),
    *(("r03", verdict, who, "") for verdict, who in (("drop", "a"), ("keep", "b"))),
    *(("r04", "fix", who, text) for who, text in (("a", "Kvar."), ("b", "Estas 4."))),
    *(("r05", "fix", who, "jes kaj ne kaj jes kaj ne " * 12) for who in "ab"),
    *(("r99", "fix", who, "Jes.") for who in "ab"),
]
REVIEWS = [
    review(number, row, verdict, who, fixed=fixed)
    for number, (row, verdict, who, fixed) in enumerate(VERDICTS)
]
HOSTILE = [
    {**review(number, "r98", "drop", who), "row_id": "](http://evil.example)"}
    for number, who in enumerate("ab", len(VERDICTS))
]


@pytest.fixture
def hub(tmp_path: Path, tiny_base: Path) -> Iterator[LocalHub]:
    with hub_with_chats(tmp_path / "hub", tiny_base) as hub:
        feedback_samples.push(client(hub), [*REVIEWS, *HOSTILE])
        yield hub


def report(runner: RecipeRunner, folder: Path) -> str:
    recipe = yaml.safe_load((Path("recipes") / "practice.yaml").read_text())
    recipe["generate"]["benchmarks"] = []
    path = folder / "practice.yaml"
    path.write_text(yaml.safe_dump(recipe))
    done = runner.run("review-report", "--config", str(path), "--org", "practice", "--language",
                       "epo_Latn", "--dataset", DATA, "--feedback", FEEDBACK)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def runner(hub: LocalHub, torch_fork_server: ForkServer, tmp_path: Path) -> Iterator[RecipeRunner]:
    with recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner:
        yield runner


def edits(api: HfApi) -> RowEdits:
    return row_edits.read(api, DATA)


def test_agreed_edits_are_applied_by_the_next_training(
    hub: LocalHub, runner: RecipeRunner, tmp_path: Path
) -> None:
    api = client(hub)
    assert "agreed to drop 2 and to correct 1" in report(runner, tmp_path)
    assert edits(api) == RowEdits(frozenset({"r00", "r01"}), {"r04": "Estas 4."})
    card = Path(api.hf_hub_download(DATA, "README.md", repo_type="dataset")).read_text()
    assert "agree to drop 2 rows and to correct 1 row." in card and "evil" not in card

    jobs = Jobs(hub, tmp_path, runner)
    output = wait_for_success(
        jobs.start("practice/edited", trainer={"max_steps": 2}, held_out=None)
    )
    assert "rows: 46" in output
    card = " ".join(Path(api.hf_hub_download("practice/edited", "README.md")).read_text().split())
    assert "* 2 rows dropped: `r00`, `r01` * 1 row corrected: `r04`" in card

    api.delete_file(feedback_samples.PATHS[REVIEWS[0]["id"]], FEEDBACK, repo_type="dataset")
    report(runner, tmp_path)
    assert edits(api).dropped == {"r01"}, "a withdrawn review does not count"


def test_edits_are_applied_to_chats() -> None:
    prompt = {"role": "user", "content": "1 plus 1?"}
    answers = ("One.", "Two.", "Dua.")
    chats = [[prompt, {"role": "assistant", "content": answer}] for answer in answers]
    edited = RowEdits(frozenset({"a"}), {"b": "Du."}).apply(["a", "b", "c"], chats)
    assert [chat[-1]["content"] for chat in edited] == ["Du.", "Dua."]
    assert chats[1][-1]["content"] == "Two." and edited[0][0] == prompt


def test_an_invalid_file_is_an_error(hub: LocalHub) -> None:
    api = client(hub)
    assert edits(api) == row_edits.read(api, "practice/nothing") == RowEdits()
    written = RowEdits(frozenset("ba"), {"c": "\u2028é"})
    for text in (written.to_jsonl(), '{"id": "a b", "verdict": "drop"}', '{"id": "a"}', "x"):
        api.upload_file(path_or_fileobj=text.encode(), path_in_repo=row_edits.PATH, repo_id=DATA,
                        repo_type="dataset")  # fmt: skip
        if text == written.to_jsonl():
            assert edits(api) == written
        else:
            with pytest.raises(Unworkable, match="speakers.jsonl in practice/chats, line 1"):
                edits(api)
