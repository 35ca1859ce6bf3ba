"""The line before the model."""

from __future__ import annotations

import threading
import time

from waiting_queue import MOST_WAITING, Line


def test_first_come_first_served_and_each_knows_the_place() -> None:
    line = Line()
    places = [line.enter() for _ in range(3)]
    assert line.busy() and list(map(line.ahead, places)) == [0, 1, 2]
    assert list(line.wait(places[0])) == []
    line.leave(places[0])
    assert list(map(line.ahead, places[1:])) == [0, 1]


def test_who_gives_up_lets_the_others_move() -> None:
    line = Line()
    _served, gone, last = line.enter(), line.enter(), line.enter()
    waiting = line.wait(last)
    assert next(waiting) == 2
    threading.Timer(0.05, line.leave, [gone]).start()
    begun = time.monotonic()
    assert next(waiting) == 1 and time.monotonic() - begun < 0.9, "told at once, not at a look"


def test_a_full_line_takes_nobody_and_then_somebody_again() -> None:
    line = Line()
    places = [line.enter() for _ in range(MOST_WAITING + 1)]
    assert all(places) and line.enter() is None
    line.leave(places[0])
    assert line.enter() is not None
