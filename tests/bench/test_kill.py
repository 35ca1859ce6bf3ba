"""A run of the generate recipe killed a hundred times, half of the time on another machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import CountingTeacher, counting_teacher, forget, hub, recipe
from tests.recipes.generate.cuts import Runs, play
from tests.recipes.generate.test_generate_run import parquet

__all__ = ["counting_teacher", "hub", "recipe"]
CUTS = 100


@pytest.mark.timeout(7200)
def test_a_hundred_kills_pay_for_nothing_twice(
    tmp_path: Path,
    hub: LocalHub,
    recipe: Path,
    counting_teacher: CountingTeacher,
) -> None:
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["journal"] |= {"every_answers": 5, "every_seconds": 0.2}
    numbers["generate"] |= {"translations": 400}
    numbers["generate"]["pairs"] |= {"texts": 400}
    recipe.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    runs = Runs(hub, counting_teacher, recipe, tmp_path / "home")
    runs.start(tmp_path / "whole")
    assert runs.wait() == 0
    needed = set(counting_teacher.asked)
    forget(hub, recipe)

    repo, counting_teacher.delay = numbers["generate"]["journal"]["repo"], 0.01
    out, tally = play(runs, api, repo, tmp_path / "cut", CUTS, most=40, seed=7)
    runs.close()
    print(f"{tally}: {tally.twice} of {tally.needed} requests were paid for twice")
    assert set(counting_teacher.asked) == needed
    at_once = numbers["generate"]["teacher"]["concurrency"]
    assert tally.twice <= tally.cuts * at_once + tally.unpushed
    assert parquet(out) == parquet(tmp_path / "whole") != {}
