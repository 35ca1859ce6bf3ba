"""The token estimate of the practice recipe against the tokens that a run uses.

Run with `pytest tests/bench/test_estimate.py -s`; prints both.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.recipes.generate.conftest import CountingTeacher, counting_teacher, generate, hub, jobs
from tests.recipes.generate.test_run import finished
from tests.recipes.recipe_runner import RecipeRunner

__all__ = ["counting_teacher", "hub", "jobs"]
TOKENS = r"([\d,]+) tokens read and ([\d,]+) written"


@pytest.mark.timeout(3600)
def test_estimate_is_within_five_per_cent_of_the_usage(
    tmp_path: Path, jobs: RecipeRunner, counting_teacher: CountingTeacher
) -> None:
    out = ("--out", str(tmp_path / "out"))
    said = finished(generate(jobs, tmp_path, Path("practice"), counting_teacher.url, *out))
    expected, took = (
        [int(number.replace(",", "")) for number in found]
        for found in (re.findall(TOKENS, said)[0], re.findall(TOKENS, said)[-1])
    )
    print(f"expected {expected}, took {took} tokens read and written")
    for before, after in zip(expected, took, strict=True):
        assert abs(before - after) <= 0.05 * after
