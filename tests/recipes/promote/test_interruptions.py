"""A promotion that is killed before any of its writes and run again has the same results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.core.rules import Rules
from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core import manifest
from recipes.core.manifest import Manifest
from tests.recipes import tiny_adapters
from tests.recipes.conftest import byte_tokenizer
from tests.recipes.killed_runs import normalized
from tests.recipes.promote.test_run import ITEMS, RECIPE, RESULTS, add_benchmark, question
from tests.recipes.recipe_runner import RecipeRunner, recipe_runner
from tests.recipes.train.train_jobs import BASE, DATA, client, environment, hub_with_chats

pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[LocalHub]:
    rules = Rules(commits_per_hour=0)  # all runs together make more than the Hub allows
    with hub_with_chats(tmp_path_factory.mktemp("hub"), tiny_base, rules) as hub:
        add_benchmark(client(hub))
        yield hub


@pytest.fixture(scope="module")
def letter_adapters(
    hub: LocalHub, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Two adapters: one answers every item with A, which is right, the other with B."""
    folder = tmp_path_factory.mktemp("letters")
    for letter in "AB":
        model = tiny_adapters.untrained(tiny_base)
        chats = [
            [{"role": "user", "content": question(i)}, {"role": "assistant", "content": letter}]
            for i in range(ITEMS)
        ]
        tiny_adapters.train(model, byte_tokenizer(), chats, 15)
        tiny_adapters.write(model, folder / letter, BASE, client(hub).model_info(BASE).sha)
    return {letter: folder / letter for letter in "AB"}


class Promotions:
    """Runs `kakugo-recipe promote`."""

    def __init__(self, runner: RecipeRunner, folder: Path) -> None:
        self._runner, self._path = runner, folder / "tiny.yaml"
        self._path.write_text(yaml.safe_dump(RECIPE))

    def run(self, adapter: str, killed_before_write: int = 0) -> int:
        """Run to the end, or until it is killed; return the exit status."""
        return self._runner.start(
            "promote", "--config", str(self._path), "--org", "practice", "--language", "epo_Latn",
            "--dataset", DATA, "--base", BASE, "--adapter", adapter, "--into", RESULTS,
            killed_before_write=killed_before_write,
        ).wait()  # fmt: skip


@pytest.fixture(scope="module")
def promotions(
    hub: LocalHub, torch_fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Promotions]:
    folder = tmp_path_factory.mktemp("promotions")
    with recipe_runner(torch_fork_server, environment(hub, folder), folder / "runs") as runner:
        yield Promotions(runner, folder)


def add_versions(api: HfApi, adapter: str, first: Path, second: Path) -> None:
    """Add `v1`, which is in use, and `v2`, which was made from it."""
    for tag, branch, folder, metrics in (
        ("v1", "main", first, {"energy_kwh": 0.5}),
        ("v2", "next", second, {"version": "v2", "parent_version": "v1"}),
    ):
        tiny_adapters.push(api, adapter, folder, branch)
        run = Manifest("train", "r", 1, "d" * 64, "epo_Latn", {}, adapter, "0" * 40, True, 1.0,
                        metrics=metrics)  # fmt: skip
        commit = manifest.push(api, adapter, "model", "run.json", run, branch)
        api.create_tag(adapter, tag=tag, revision=commit)


def published_files(api: HfApi, adapter: str) -> dict[str, str]:
    """Return all files by path, without commits, times and the adapter's name."""
    name = adapter.split("/")[1]
    files = {}
    for repo, kind, under in ((adapter, "model", ""), (RESULTS, "dataset", f"epo_Latn/{name}/")):
        for path in api.list_repo_files(repo, repo_type=kind):
            if path.startswith(under):
                raw = Path(api.hf_hub_download(repo, path, repo_type=kind)).read_bytes()
                files[path.replace(name, "NAME")] = normalized(raw.replace(name.encode(), b"NAME"))
    return files


# How many writes to the Hub a whole run makes.
ALL_WRITES = {True: 14, False: 10}


def test_run_killed_before_a_write_can_be_repeated(
    hub: LocalHub, letter_adapters: dict[str, Path], promotions: Promotions
) -> None:
    """`tests/bench` tries every write, also of a version that is not promoted."""
    check_kills(hub, letter_adapters, promotions, True, [ALL_WRITES[True] - 3])


def check_kills(
    hub: LocalHub,
    adapters: dict[str, Path],
    promotions: Promotions,
    better: bool,
    writes: Iterable[int],
) -> None:
    """Compare a run killed before each of these writes and repeated with an uninterrupted one."""
    api = client(hub)
    pair = [adapters[letter] for letter in ("BA" if better else "AB")]
    adapter = f"practice/kakugo-uninterrupted-{better}"
    add_versions(api, adapter, *pair)
    assert promotions.run(adapter, killed_before_write=ALL_WRITES[better] + 1) == 0
    expected = published_files(api, adapter)
    assert f'"promoted": {str(better).lower()}' in expected["epo_Latn/NAME/versions/v2/run.json"]
    assert ("epo_Latn/NAME/outputs.jsonl" in expected) == better
    for write in writes:
        adapter = f"practice/kakugo-killed{write}-{better}"
        add_versions(api, adapter, *pair)
        assert promotions.run(adapter, killed_before_write=write) == -9
        assert promotions.run(adapter) == 0
        assert published_files(api, adapter) == expected, f"killed before write {write}"
