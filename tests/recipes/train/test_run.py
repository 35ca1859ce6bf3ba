"""A training job killed with -9 goes on from the Hub and ends as if nothing had been."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.localhub.testing import LocalHub
from recipes.train import checkpoints
from tests.recipes.train.train_jobs import Jobs, client, finished, hub_with_chats, weights

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def jobs(tmp_path: Path, tiny_base: Path) -> Iterator[Jobs]:
    with hub_with_chats(tmp_path, tiny_base) as hub:
        jobs = Jobs(hub, tmp_path)
        yield jobs
        jobs.kill()


def log(hub: LocalHub, repo: str) -> list[dict[str, float]]:
    path = Path(client(hub).hf_hub_download(repo, "training_log.jsonl"))
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    timed = ("seconds", "num_tokens", "eval_runtime", "eval_samples_per_second",
             "eval_steps_per_second", "eval_num_tokens")  # fmt: skip
    return [{key: value for key, value in entry.items() if key not in timed} for entry in entries]


def kept(hub: LocalHub, repo: str) -> list[str]:
    api = client(hub)
    if not api.repo_exists(repo):
        return []
    if checkpoints.BRANCH not in {branch.name for branch in api.list_repo_refs(repo).branches}:
        return []
    return list(api.list_repo_files(repo, revision=checkpoints.BRANCH))


def test_killed_with_9_and_started_again_it_ends_as_if_nothing_had_been(jobs: Jobs) -> None:
    hub = jobs.hub
    killed, straight = "practice/killed", "practice/straight"
    first = jobs.start(killed)
    deadline = time.monotonic() + 120
    while not any("adapter_model" in path for path in kept(hub, killed)):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    jobs.kill()
    assert "run.json" not in client(hub).list_repo_files(killed)
    folders = {path.split("/")[1] for path in kept(hub, killed) if path.count("/") > 1}
    assert 1 <= len(folders) <= 2  # the last and the best

    said = finished(jobs.start(killed))
    assert "going on from checkpoint-" in said and kept(hub, killed) == []
    finished(jobs.start(straight))
    resumed, whole = weights(hub, killed), weights(hub, straight)
    assert resumed.keys() == whole.keys()
    assert all(resumed[name].equal(whole[name]) for name in whole)
    assert log(hub, killed) == log(hub, straight)
