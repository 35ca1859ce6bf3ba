"""A training job that is killed resumes from the Hub and gives the same adapter."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.train import checkpoints
from tests.recipes.recipe_runner import recipe_runner
from tests.recipes.train.train_jobs import (
    KILLED,
    Jobs,
    client,
    environment,
    hub_with_chats,
    wait_for_success,
    weights,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]


@pytest.fixture
def jobs(tmp_path: Path, tiny_base: Path, torch_fork_server: ForkServer) -> Iterator[Jobs]:
    with hub_with_chats(tmp_path, tiny_base) as hub:
        with recipe_runner(
            torch_fork_server, environment(hub, tmp_path), tmp_path / "runs"
        ) as runner:
            yield Jobs(hub, tmp_path, runner)


def untimed_log(hub: LocalHub, repo: str) -> list[dict[str, float]]:
    path = Path(client(hub).hf_hub_download(repo, "training_log.jsonl"))
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    times = ("seconds", "num_tokens", "eval_runtime", "eval_samples_per_second",
             "eval_steps_per_second", "eval_num_tokens")  # fmt: skip
    return [{key: value for key, value in entry.items() if key not in times} for entry in entries]


def checkpoint_files(hub: LocalHub, repo: str) -> list[str]:
    api = client(hub)
    if not api.repo_exists(repo):
        return []
    if checkpoints.BRANCH not in {branch.name for branch in api.list_repo_refs(repo).branches}:
        return []
    return list(api.list_repo_files(repo, revision=checkpoints.BRANCH))


def test_killed_job_resumes_and_gives_the_same_adapter(jobs: Jobs) -> None:
    hub = jobs.hub
    killed, uninterrupted = "practice/killed", "practice/uninterrupted"
    assert jobs.start(killed, KILLED).wait() == -signal.SIGKILL
    assert any("adapter_model" in path for path in checkpoint_files(hub, killed))
    assert "run.json" not in client(hub).list_repo_files(killed)
    folders = {path.split("/")[1] for path in checkpoint_files(hub, killed) if path.count("/") > 1}
    assert 1 <= len(folders) <= 2  # the last checkpoint and the best

    output = wait_for_success(jobs.start(killed))
    assert "resuming from checkpoint-" in output and checkpoint_files(hub, killed) == []
    wait_for_success(jobs.start(uninterrupted))
    resumed, expected = weights(hub, killed), weights(hub, uninterrupted)
    assert resumed.keys() == expected.keys()
    assert all(resumed[name].equal(expected[name]) for name in expected)
    assert untimed_log(hub, killed) == untimed_log(hub, uninterrupted)
