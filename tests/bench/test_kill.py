"""A run of the generate recipe that is ended a hundred times, by SIGTERM or SIGKILL.

Run with `pytest tests/bench/test_kill.py -s`; prints how often it was ended and moved to another
machine, and how many answers were paid for twice.
"""

from __future__ import annotations

import signal
from pathlib import Path
from random import Random

import pytest

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import (
    CountingTeacher,
    counting_teacher,
    forget,
    hub,
    jobs,
    recipe,
)
from tests.recipes.generate.interruptions import Runs, hurry, play, uncut
from tests.recipes.generate.test_run import parquet
from tests.recipes.recipe_runner import RecipeRunner

__all__ = ["counting_teacher", "hub", "jobs", "recipe"]
TIMES = 100


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("sign", "moves"), [(signal.SIGTERM, 0.5), (signal.SIGKILL, 0.0), (signal.SIGKILL, 0.5)]
)
def test_ended_runs_pay_for_no_answer_twice(
    tmp_path: Path,
    hub: LocalHub,
    jobs: RecipeRunner,
    recipe: Path,
    counting_teacher: CountingTeacher,
    sign: signal.Signals,
    moves: float,
) -> None:
    hurry(recipe, translations=1_500)
    rng = Random(7)
    ends = [(sign, rng.random() < moves) for _ in range(TIMES)]
    runs = Runs(jobs, counting_teacher, recipe, tmp_path / "home")
    needed = uncut(runs, tmp_path / "whole")
    counting_teacher.delay = 0.01
    forget(hub, recipe)
    each = len(needed) // TIMES - 12  # the calls in flight are also answered
    out, tally = play(runs, tmp_path / "cut", ends, 2 * each - 1, rng)
    print(f"\n{sign.name}: {tally}")
    assert (tally.interruptions, tally.needed) == (TIMES, needed)
    assert tally.repeated == tally.in_flight + tally.unshared
    assert bool(tally.repeated) is (sign is signal.SIGKILL)
    assert bool(tally.unshared) <= bool(moves)
    assert parquet(out) == parquet(tmp_path / "whole") != {}
