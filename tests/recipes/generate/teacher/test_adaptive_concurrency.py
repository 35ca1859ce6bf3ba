"""The limiter finds what an endpoint takes and follows it; simulated in virtual time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipes.generate.teacher.adaptive_concurrency import ConcurrencyLimiter
from tests.recipes.generate.virtual_endpoint import ALWAYS, Endpoint, play

SEEDS = range(1)


def slots(number: int, queue: int | None = None) -> Callable[[Endpoint], None]:
    """Return a change of capacity."""

    def change(endpoint: Endpoint) -> None:
        endpoint.slots = number
        endpoint.queue = endpoint.queue if queue is None else queue

    return change


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("retry_after", [0.0, 1.0])
@pytest.mark.parametrize(("size", "queue"), [(64, 0), (64, 16), (64, ALWAYS), (250, 60), (16, 4)])
def test_an_endpoint_is_kept_full_and_hardly_ever_refuses(
    size: int, queue: int, retry_after: float, seed: int
) -> None:
    run = play(Endpoint(size, queue, retry_after), 60, seed=seed)
    assert run.share(15, 60, size * 100) >= 0.95
    assert len(run.refused) <= 0.01 * run.calls
    assert run.limiter.limit <= 4 * size


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("retry_after", [0.0, 1.0])
@pytest.mark.parametrize("queue", [0, 16, ALWAYS])
def test_a_halved_endpoint_is_full_again_within_five_seconds(
    queue: int, retry_after: float, seed: int
) -> None:
    endpoint = Endpoint(64, queue, retry_after)
    run = play(endpoint, 90, (45, slots(32, queue // 2)), seed=seed)
    assert run.share(50, 90, 3200) >= 0.95
    assert len(run.refused) <= 0.01 * run.calls


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("queue", [0, 16])
@pytest.mark.parametrize("batch", [0.02, 0.05])
def test_late_and_unordered_results_are_not_taken_for_more_refusals(
    batch: float, queue: int, seed: int
) -> None:
    endpoint = Endpoint(64, queue, 1.0, batch=batch)
    run = play(endpoint, 90, (45, slots(32, queue // 2)), seed=seed)
    took = 0.567  # mean seconds of a call; half a batch later its slot is used again
    possible = 1.0 if queue else took / (took + batch / 2)
    assert run.share(15, 45, 6400) >= 0.95 * possible
    assert run.share(50, 90, 3200) >= 0.9 * possible
    assert len(run.refused) <= 0.01 * run.calls


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("queue", [0, 16, ALWAYS])
def test_a_doubled_endpoint_is_full_soon(queue: int, seed: int) -> None:
    run = play(Endpoint(64, queue), 110, (45, slots(128, 2 * queue)), seed=seed)
    assert run.share(65, 110, 12_800) >= 0.95
    assert len(run.refused) <= 0.01 * run.calls


@pytest.mark.parametrize("seed", SEEDS)
def test_continuous_batching_is_filled_although_each_call_gets_slower(seed: int) -> None:
    endpoint = Endpoint(1024, speed=lambda busy: 100 / (1 + busy / 128))
    run = play(endpoint, 120, seed=seed)
    best = 1024 * 100 / (1 + 1024 / 128)
    assert run.share(60, 120, best) >= 0.95


def test_a_refusal_shows_how_many_calls_were_accepted() -> None:
    limiter = ConcurrencyLimiter(16, 100, 1.0, 10.0)
    for _ in range(16):
        limiter.on_sent(1.0)
    for _ in range(6):  # one burst, one cut
        limiter.on_refused(1.1, 1.0, 5.0)
    assert (limiter.cuts, limiter.in_flight, limiter.limit) == (1, 10, 10.0)
    assert limiter.closed_until == 0.0  # only its own caller waits
    limiter.on_answered(1.2, 1.0)
    limiter.on_sent(1.15)
    limiter.on_refused(1.25, 1.15, 5.0)  # sent before the cut could show
    assert (limiter.cuts, limiter.closed_until) == (1, 0.0)
    limiter.on_answered(1.3, 1.0)
    limiter.on_sent(1.4)
    limiter.on_refused(1.5, 1.4, 5.0)
    assert limiter.closed_until == 6.5 and not limiter.may_send(6.4)


@pytest.mark.parametrize("cold", [5.0, 240.0])
def test_a_cold_start_of_minutes_does_not_lower_the_limit(cold: float) -> None:
    run = play(Endpoint(64, 16, cold=cold), cold + 60)
    assert run.share(cold + 15, cold + 60, 6400) >= 0.95
    assert run.calls - len(run.served) < 200 and run.limiter.asleep_since is None


def test_falling_asleep_during_a_run_keeps_the_limit() -> None:
    def sleep(endpoint: Endpoint) -> None:
        endpoint.cold = 90.0

    run = play(Endpoint(64, 16), 120, (30, sleep))
    assert run.share(102, 120, 6400) >= 0.95


def test_one_unready_response_among_good_ones_only_lowers_the_limit() -> None:
    limiter = ConcurrencyLimiter(8, 100, 1.0, 10.0)
    for _ in range(8):
        limiter.on_sent(1.0)
    limiter.on_answered(1.5, 10.0)
    limiter.on_unavailable(1.6, 1.0, 0.0)
    assert limiter.asleep_since is None and limiter.limit == 6.0


def test_idle_workers_are_not_taken_for_a_slow_endpoint() -> None:
    limiter, now = ConcurrencyLimiter(64, 1024, 1.0, 10.0), 0.0
    for _ in range(2000):
        now += 0.5
        limiter.on_sent(now)
        limiter.on_answered(now + 0.1, 50.0)
    assert (limiter.limit, limiter.cuts) == (64.0, 0)


def test_resets_and_nonsense_do_not_change_the_limit() -> None:
    limiter = ConcurrencyLimiter(64, 1024, 1.0, 10.0)
    for number in range(1000):
        limiter.on_sent(float(number))
        limiter.on_failed()
    assert (limiter.limit, limiter.in_flight) == (64.0, 0)


def test_a_stall_of_this_machine_is_not_taken_for_a_smaller_endpoint() -> None:
    limiter, now = ConcurrencyLimiter(64, 64, 1.0, 10.0), 0.0
    for _ in range(64):
        limiter.on_sent(now)
    for number in range(2000):
        now += 0.01 + (5.0 if number == 1000 else 0.0)
        limiter.on_answered(now, 50.0)
        while limiter.may_send(now):
            limiter.on_sent(now)
        assert limiter.limit >= 50
    assert limiter.limit == 64.0
