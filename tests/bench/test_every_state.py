"""The planner over its whole state space.

Run with `pytest tests/bench/test_every_state.py -s`; prints how many states were planned.
"""

from __future__ import annotations

from tests.bot.planner.test_plan import check_states


def test_every_state() -> None:
    count = check_states(every=1)
    print(dict(count))
    assert count["states"] == (6 + 4) * 5 * 6 * 7 * 3 * 4 * 2
