"""The queue for the model."""

from __future__ import annotations

import threading
import time

from waiting_queue import MAX_PER_ADDRESS, MAX_WAITING, WaitingQueue


def test_first_come_first_served_with_known_positions() -> None:
    queue = WaitingQueue()
    tickets = [queue.enter("a") for _ in range(3)]
    assert queue.is_busy() and list(map(queue.position, tickets)) == [0, 1, 2]
    assert list(queue.wait(tickets[0])) == []
    queue.leave(tickets[0])
    assert list(map(queue.position, tickets[1:])) == [0, 1]


def test_leaving_the_queue_moves_the_others_up_at_once() -> None:
    queue = WaitingQueue()
    _served, leaving, last = queue.enter("a"), queue.enter("b"), queue.enter("c")
    positions = queue.wait(last)
    assert next(positions) == 2
    threading.Timer(0.05, queue.leave, [leaving]).start()
    started = time.monotonic()
    assert next(positions) == 1
    assert time.monotonic() - started < 0.9, "before the next poll"


def test_full_queue_refuses_until_somebody_leaves() -> None:
    queue = WaitingQueue()
    tickets = [queue.enter(str(n)) for n in range(MAX_WAITING + 1)]
    assert all(tickets) and queue.enter("x") is None
    queue.leave(tickets[0])
    assert queue.enter("x") is not None


def test_one_address_does_not_take_all_places() -> None:
    queue = WaitingQueue()
    tickets = [queue.enter("script") for _ in range(MAX_PER_ADDRESS)]
    assert all(tickets) and queue.enter("script") is None
    assert queue.enter("somebody else") is not None
    assert tickets[0] is not None
    queue.leave(tickets[0])
    assert queue.enter("script") is not None
