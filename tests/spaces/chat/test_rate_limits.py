"""Limits in a sliding window."""

from __future__ import annotations

from rate_limits import MAX_CLIENTS, WINDOW_SECONDS, RateLimit

MAX_EVENTS = 12


def test_each_client_has_a_sliding_window() -> None:
    limit = RateLimit(MAX_EVENTS)
    assert [limit.count("a", float(second)) for second in range(MAX_EVENTS)] == [0.0] * MAX_EVENTS
    assert limit.count("a", 20.0) == WINDOW_SECONDS - 20.0
    assert limit.count("b", 20.0) == 0.0
    assert limit.count("a", WINDOW_SECONDS) == 0.0, "the first event has left the window"
    assert limit.count("a", WINDOW_SECONDS) > 0


def test_clients_that_were_idle_longest_are_forgotten() -> None:
    limit = RateLimit(MAX_EVENTS)
    for _ in range(MAX_EVENTS):
        limit.count("first", 0.0)
    for client in range(MAX_CLIENTS):
        limit.count(str(client), 1.0)
    assert limit.count("first", 1.0) == 0.0
