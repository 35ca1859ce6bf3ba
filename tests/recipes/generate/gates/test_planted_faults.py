"""Thousands of planted faults: the share that the gates catch, and the clean rows they drop.

`tests/bench/test_planted_faults.py` does the same with more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from recipes.core import language
from recipes.generate.gates import build_gates, first_reason
from recipes.generate.gates.reasons import gate_of
from tests.recipes.generate.gates import planted_faults as faults

COUNT = 1_500
WITHOUT = ("sdh_Arab",)  # its library takes two seconds to load: only in the bench


@pytest.fixture(scope="module")
def caught() -> tuple[Counter[str], Counter[tuple[str, str | None]]]:
    """Count the faults of each kind, and the reasons that the gates gave for them."""
    planted, reasons = Counter[str](), Counter[tuple[str, str | None]]()
    for name, code, draft in faults.planted(Random(20260120), COUNT, WITHOUT):
        planted[name] += 1
        reasons[name, first_reason(draft, faults.gates_of(code))] += 1
    return planted, reasons


def test_planted_faults_are_caught(
    caught: tuple[Counter[str], Counter[tuple[str, str | None]]],
) -> None:
    planted, reasons = caught
    missed = {name: count for (name, reason), count in reasons.items() if reason is None}
    share = 1 - sum(missed.values()) / COUNT
    print(f"{share:.2%} of {COUNT} planted faults of {len(planted)} kinds caught; missed: {missed}")
    assert len(planted) == len(faults.FAULTS)
    assert share >= 0.995


def test_every_reason_is_in_the_table(
    caught: tuple[Counter[str], Counter[tuple[str, str | None]]],
) -> None:
    reasons = {reason for _, reason in caught[1] if reason}
    assert len(reasons) > 15
    assert all(map(gate_of, reasons))


def test_clean_rows_are_kept() -> None:
    rng, dropped = Random(7), Counter[tuple[str | None, str]]()
    codes = [code for code in faults.targets() if code not in WITHOUT]
    for number in range(COUNT):
        code = codes[number % len(codes)]
        dropped[first_reason(faults.clean(rng, code), faults.gates_of(code)), code] += 1
    false = {key: count for key, count in dropped.items() if key[0]}
    print(f"{sum(false.values()) / COUNT:.2%} of {COUNT} clean rows dropped: {false}")
    assert sum(false.values()) <= 0.005 * COUNT


def test_a_missing_gate_is_noticed() -> None:
    """The measurement notices when a gate is missing."""
    rng, code = Random(3), "swh_Latn"
    known = language.get(code)
    blind = replace(faults.SETTINGS, loop=1.0, cut_tail=10**6)
    drafts = [faults.looped(faults.Scene.draw(rng, code)) for _ in range(30)]
    assert all(first_reason(draft, faults.gates_of(code)) for draft in drafts)
    assert not any(first_reason(draft, build_gates(blind, known)) for draft in drafts)
