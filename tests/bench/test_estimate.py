"""The token estimate of the practice recipe against the tokens that a run uses.

Run with `pytest tests/bench/test_estimate.py -s`; prints both.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import CountingTeacher, counting_teacher, generate, hub
from tests.recipes.generate.test_run import finished

__all__ = ["counting_teacher", "hub"]
TOKENS = r"([\d,]+) tokens read and ([\d,]+) written"


@pytest.mark.timeout(3600)
def test_estimate_is_within_five_per_cent_of_the_usage(
    tmp_path: Path, hub: LocalHub, counting_teacher: CountingTeacher
) -> None:
    out = ("--out", str(tmp_path / "out"))
    said = finished(generate(hub, tmp_path, Path("practice"), counting_teacher.url, *out))
    expected, took = (
        [int(number.replace(",", "")) for number in found]
        for found in (re.findall(TOKENS, said)[0], re.findall(TOKENS, said)[-1])
    )
    print(f"expected {expected}, took {took} tokens read and written")
    for before, after in zip(expected, took, strict=True):
        assert abs(before - after) <= 0.05 * after
