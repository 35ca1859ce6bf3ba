"""A run of the generate recipe ended a hundred times, each second time to go on elsewhere."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import CountingTeacher, counting_teacher, forget, hub, recipe
from tests.recipes.generate.interruptions import Runs, hurry, play, uncut
from tests.recipes.generate.test_run import parquet

__all__ = ["counting_teacher", "hub", "recipe"]
TIMES = 100


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("sign", "moves"), [(signal.SIGTERM, 0.5), (signal.SIGKILL, 0.0), (signal.SIGKILL, 0.5)]
)
def test_a_run_that_is_ended_a_hundred_times_pays_for_nothing_twice(
    tmp_path: Path,
    hub: LocalHub,
    recipe: Path,
    counting_teacher: CountingTeacher,
    sign: signal.Signals,
    moves: float,
) -> None:
    hurry(recipe, translations=1_500)
    chance = Random(7)
    ends = [(sign, chance.random() < moves) for _ in range(TIMES)]
    with closing(Runs(hub, counting_teacher, recipe, tmp_path / "home")) as runs:
        needed = uncut(runs, tmp_path / "whole")
        counting_teacher.delay = 0.01
        forget(hub, recipe)
        each = len(needed) // TIMES - 12  # what is under way comes home, too
        out, tally = play(runs, tmp_path / "cut", ends, 2 * each - 1, chance)
    print(f"\n{sign.name}: {tally}")
    assert (tally.ended, tally.needed) == (TIMES, needed)
    assert tally.twice == tally.flying + tally.unshared
    assert bool(tally.twice) is (sign is signal.SIGKILL)
    assert bool(tally.unshared) <= bool(moves)
    assert parquet(out) == parquet(tmp_path / "whole") != {}
