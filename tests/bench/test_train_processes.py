"""Training with two processes on the CPU (gloo) gives the weights that one process gives.

Run with `pytest tests/bench/test_train_processes.py`; prints nothing. It takes half a minute of CPU
time and is therefore not in the test suite.
"""

from __future__ import annotations

import pytest

from tests.recipes.conftest import tiny_base
from tests.recipes.train.test_run import jobs
from tests.recipes.train.train_jobs import Jobs, wait_for_success, weights

__all__ = ["jobs", "tiny_base"]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def test_two_processes_give_the_weights_of_one(jobs: Jobs) -> None:
    import torch

    hub = jobs.hub
    trainer = {"max_steps": 6, "save_strategy": "no"}
    one, two = "practice/one", "practice/two"
    wait_for_success(jobs.start(one, trainer=trainer, held_out=None))
    output = wait_for_success(jobs.start(two, trainer=trainer, held_out=None, processes=2))
    assert output.count("pushed practice/two") == 1 and "progress: 6/6" in output
    expected, actual = weights(hub, one), weights(hub, two)
    assert expected.keys() == actual.keys()
    assert all(torch.allclose(expected[name], actual[name], atol=1e-4) for name in expected)
    assert not all(expected[name].eq(0).all() for name in expected if "lora_B" in name)


def test_two_processes_with_sharded_weights_give_the_weights_of_one(jobs: Jobs) -> None:
    import torch

    hub, trainer = jobs.hub, {"max_steps": 6, "save_strategy": "no"}
    one, two = "practice/full-one", "practice/full-two"
    wait_for_success(jobs.start(one, trainer=trainer, held_out=None, lora=None))
    wait_for_success(
        jobs.start(two, trainer=trainer, held_out=None, lora=None, processes=2, launch="fsdp")
    )
    expected, actual = (weights(hub, repo, "model.safetensors") for repo in (one, two))
    assert expected.keys() == actual.keys()
    assert all(torch.allclose(expected[name], actual[name], atol=1e-4) for name in expected)


# Failed before: the traceback of the launcher came last, and the bot shows the last lines of a log.
def test_the_last_line_of_two_processes_that_fail_is_the_reason(jobs: Jobs) -> None:
    run = jobs.start("practice/none", processes=2, held_out=None, max_length=2)
    output, errors = run.communicate()
    assert run.returncode == 2, output + errors
    assert "no row to train on" in errors.splitlines()[-1] and "Traceback" not in errors
