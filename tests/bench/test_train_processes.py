"""Two real processes on this machine's processor (gloo) learn what one learns, divided or not.

Not in the suite for its time: half a minute of processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recipes.conftest import make_tiny_base
from tests.recipes.train.train_jobs import Jobs, hub_with_chats, wait_for_success, weights

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    with hub_with_chats(tmp_path, make_tiny_base(tmp_path / "tiny-base")) as hub:
        jobs = Jobs(hub, tmp_path)
        yield jobs
        jobs.kill()


def test_two_processes_learn_what_one_learns(jobs: Jobs) -> None:
    import torch

    hub = jobs.hub
    trainer = {"max_steps": 6, "save_strategy": "no"}
    one, two = "practice/one", "practice/two"
    wait_for_success(jobs.start(one, trainer=trainer, held_out=None))
    said = wait_for_success(jobs.start(two, trainer=trainer, held_out=None, processes=2))
    assert said.count("pushed practice/two") == 1 and "progress: 6/6" in said
    alone, shared = weights(hub, one), weights(hub, two)
    assert alone.keys() == shared.keys()
    assert all(torch.allclose(alone[name], shared[name], atol=1e-4) for name in alone)
    assert not all(alone[name].eq(0).all() for name in alone if "lora_B" in name)


def test_all_weights_divided_between_two_processes_learn_as_in_one(jobs: Jobs) -> None:
    import torch

    hub, trainer = jobs.hub, {"max_steps": 6, "save_strategy": "no"}
    one, two = "practice/full-one", "practice/full-two"
    wait_for_success(jobs.start(one, trainer=trainer, held_out=None, lora=None))
    wait_for_success(
        jobs.start(two, trainer=trainer, held_out=None, lora=None, processes=2, launch="fsdp")
    )
    alone, shared = (weights(hub, repo, "model.safetensors") for repo in (one, two))
    assert alone.keys() == shared.keys()
    assert all(torch.allclose(alone[name], shared[name], atol=1e-4) for name in alone)
