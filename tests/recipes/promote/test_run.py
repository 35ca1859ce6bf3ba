"""A better version is put in use and a worse one is not; each run is a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi, ModelCard

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core import manifest
from recipes.core.errors import UserError
from recipes.core.manifest import Manifest
from recipes.promote.run import current_version, earlier_versions
from recipes.train import versions
from tests.recipes import tiny_adapters
from tests.recipes.conftest import byte_tokenizer
from tests.recipes.recipe_runner import RecipeRunner, recipe_runner
from tests.recipes.train.train_jobs import BASE, DATA, client, environment, hub_with_chats

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]
ADAPTER, RESULTS = "practice/kakugo-epo", "practice/kakugo-results"
FOLDER = "epo_Latn/kakugo-epo"
ITEMS = 12
RECIPE: dict[str, Any] = {
    "plan": {"practice": True},
    "evaluate": {
        "threads": 1, "model": {"dtype": "float32"}, "merge": False,
        "bootstrap": {"samples": 100, "seed": 1},
        "generation": {"batch": 4, "max_new_tokens": 4},
        "choice": {"batch": 12, "normalise": "none"},
        "bleu": {"tokenize": "13a", "characters": "char"},
        "degenerate": {"identify_from": 40, "loop": 0.5}, "copied": 24, "keep_after": 300,
        "benchmarks": {"belebele": {"dataset": "{org}/belebele", "revision": "main",
                                    "split": "test", "prompt": "{passage}", "answer": "{letter}"}},
    },
}  # fmt: skip


def question(number: int) -> str:
    return f"Jen la demando numero {number}."


@pytest.fixture
def hub(tmp_path: Path, tiny_base: Path) -> Iterator[LocalHub]:
    with hub_with_chats(tmp_path / "hub", tiny_base) as hub:
        add_benchmark(client(hub))
        yield hub


def add_benchmark(api: HfApi) -> None:
    """Add a benchmark whose right answer is always A."""
    rows = [{"link": f"l{i}", "question_number": 1, "question": "?", "flores_passage": question(i),
             "correct_answer_num": "1", **{f"mc_answer{n}": "x" for n in range(1, 5)}}
            for i in range(ITEMS)]  # fmt: skip
    card = ("---\nconfigs:\n- config_name: epo_Latn\n  data_files:\n  - split: test\n"
            "    path: x.jsonl\n---\n")  # fmt: skip
    lines = "\n".join(map(json.dumps, rows))
    api.create_repo("practice/belebele", repo_type="dataset")
    api.create_commit(
        "practice/belebele",
        [CommitOperationAdd("README.md", card.encode()),
         CommitOperationAdd("x.jsonl", lines.encode())],
        repo_type="dataset",
        commit_message="Add a benchmark",
    )  # fmt: skip


def add_version(api: HfApi, tiny_base: Path, folder: Path, tag: str, letter: str) -> None:
    """Add a version that always answers this letter; v1 is put in use."""
    model = tiny_adapters.untrained(tiny_base)
    chats = [[{"role": "user", "content": question(i)}, {"role": "assistant", "content": letter}]
             for i in range(ITEMS)]  # fmt: skip
    tiny_adapters.train(model, byte_tokenizer(), chats, 15)
    tiny_adapters.write(model, folder / tag, BASE, api.model_info(BASE).sha)
    branch = "main" if tag == "v1" else "next"
    tiny_adapters.push(api, ADAPTER, folder / tag, branch)
    metrics = {"version": tag, "parent_version": {"v2": "v1", "v3": "v2"}.get(tag)}
    run = Manifest("train", "r", 1, "d" * 64, "epo_Latn", {}, ADAPTER, "0" * 40, True, 1.0,
                    metrics=metrics)  # fmt: skip
    commit = manifest.push(api, ADAPTER, "model", "run.json", run, branch)
    api.create_tag(ADAPTER, tag=tag, revision=commit)


def promote(runner: RecipeRunner, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(RECIPE))
    return runner.run(
        "promote", "--config", str(path), "--org", "practice", "--language", "epo_Latn",
        "--dataset", DATA, "--base", BASE, "--adapter", ADAPTER, "--into", RESULTS, *more
    )  # fmt: skip


@pytest.fixture
def runner(hub: LocalHub, torch_fork_server: ForkServer, tmp_path: Path) -> Iterator[RecipeRunner]:
    with recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner:
        yield runner


def weights(api: HfApi, revision: str) -> bytes:
    path = api.hf_hub_download(ADAPTER, "adapter_model.safetensors", revision=revision)
    return Path(path).read_bytes()


def read_result(api: HfApi, path: str) -> str:
    return Path(api.hf_hub_download(RESULTS, path, repo_type="dataset")).read_text()


def test_a_promoted_version_does_not_remove_the_rows_of_those_before_it() -> None:
    first = [{"role": role, "model": role, "value": 1} for role in ("base", "adapter", "peer")]
    second = [{"role": role, "version": "v2"} for role in ("base", "adapter")]
    (kept,) = earlier_versions(first, "v1", "v2")
    assert kept == {"version": "v1", **first[1]}
    published = [*second, kept]
    assert earlier_versions(published, "v1", "v2") == [kept], "a killed run starts again"
    assert earlier_versions(published, "v2", "v3") == [second[1], kept]


def test_better_version_is_put_in_use_and_worse_one_is_not(
    hub: LocalHub, runner: RecipeRunner, tiny_base: Path, tmp_path: Path
) -> None:
    api = client(hub)
    add_version(api, tiny_base, tmp_path, "v1", "B")
    add_version(api, tiny_base, tmp_path, "v2", "A")
    process = promote(runner, tmp_path)
    assert process.returncode == 0, process.stderr
    assert "v2 is promoted. It is significantly better in 1 of 1 test:" in process.stdout
    assert weights(api, "main") == weights(api, "v2") != weights(api, "v1")
    rows = [json.loads(line) for line in read_result(api, f"{FOLDER}/results.jsonl").splitlines()]
    assert [(row["role"], row["version"]) for row in rows] == [("base", "v2"), ("adapter", "v2")]
    assert rows[1]["value"] == 1.0
    from parse_results import parse_rows  # what the leaderboard makes of it

    shown, unreadable = parse_rows("\n".join(map(json.dumps, rows)))
    assert [row.version for row in shown] == ["v2", "v2"] and not unreadable
    (columns, _) = ModelCard(read_result(api, "README.md")).data["dataset_info"]
    assert rows[1].keys() <= {feature["name"] for feature in columns["features"]}, "load_dataset"
    card = Path(api.hf_hub_download(ADAPTER, "README.md")).read_text()
    assert "**v2 is the current version and replaced v1.**" in card and "Good." not in card

    commits, head = versions.list_versions(api, ADAPTER), api.model_info(ADAPTER).sha or ""
    assert current_version(api, ADAPTER, head, commits, "v2") == ("v1", commits["v1"])
    assert current_version(api, ADAPTER, commits["v1"], commits, "v2") == ("v1", commits["v1"])
    with pytest.raises(
        UserError,
        match="v1 of practice/kakugo-epo is the current version; there is no other version",
    ):
        current_version(api, ADAPTER, commits["v1"], commits, "v1")

    add_version(api, tiny_base, tmp_path, "v3", "B")
    process = promote(runner, tmp_path)
    assert process.returncode == 0, process.stderr
    assert "v3 is not promoted. It is significantly worse" in process.stdout
    assert weights(api, "main") == weights(api, "v2")
    metrics = Manifest.from_json(read_result(api, f"{FOLDER}/versions/v3/run.json")).metrics
    assert (metrics["current"], metrics["promoted"]) == ("v2", False)
    assert metrics["comparisons"][0]["new"] == 0.0 and metrics["comparisons"][0]["current"] == 1.0
    assert metrics["gain_before"] - metrics["overall"]["gain"] == pytest.approx(100)
    card = Path(api.hf_hub_download(ADAPTER, "README.md")).read_text()
    assert (
        "**v2 is the current version; v3 did not replace it.**" in card
        and "replaced v1" not in card
    )

    process = promote(runner, tmp_path, "--version", "v3")
    assert process.returncode == 0 and "was already compared" in process.stdout
    process = promote(runner, tmp_path, "--version", "v9")
    assert process.returncode == 2 and "it has: v1, v2, v3" in process.stderr
