"""Adapt the number of calls in flight to the capacity of the endpoint.

A pure controller: events and times go in, `limit` comes out; there is no clock, waiting or network.
It raises the limit while more concurrent calls bring more throughput. This also works with
continuous batching, where each call gets slower long before the endpoint is full. Latency is only
used to detect that calls merely wait in a queue: then it is much higher than the lowest one so far.

A refusal shows the capacity directly: the calls that are still in flight were accepted. A refused
call that was sent before the last cut, or too soon after it to show its effect, belongs to the same
burst, because results may arrive in batches and in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

# The new limit as a share of the accepted calls, after the first refusal in an epoch and after a
# further one.
FIRST_CUT_FACTOR, REPEATED_CUT_FACTOR = 0.98, 0.85
STEP_UP, STEP_DOWN = 1.25, 0.8  # factors of a probe
# The throughput relative to before, from which a higher or lower limit is kept.
MIN_GAIN_UP = 1.04  # above 1: calls that only wait cost nothing
MIN_GAIN_DOWN = 1.0
# The throughput relative to that of half the limit, from which the first increase continues.
MIN_GAIN_PER_DOUBLING = 1.1
QUEUEING_COST_RATIO = 3.0  # multiple of the best cost, above which most calls only wait
MIN_ANSWERS = 32  # in an epoch
MAX_PROBE_INTERVAL = 8  # epochs
BEST_COST_GROWTH = 1.02  # factor by which the best cost grows every epoch
MAX_REFUSALS = 8  # in a row, from which the endpoint counts as asleep


class Mode(Enum):
    """What the controller is doing."""

    GROWING = auto()
    STEADY = auto()
    CHANGING_LIMIT = auto()  # to the limit of a probe
    MEASURING = auto()  # the throughput of a probe


@dataclass
class ConcurrencyLimiter:
    """At most `limit` calls may be in flight, from `start` at first up to `maximum`.

    To an endpoint that is asleep, there is one call every `sleep_poll_seconds`, and after a long
    time every `max_sleep_poll_seconds`.
    """

    start: int
    maximum: int
    sleep_poll_seconds: float
    max_sleep_poll_seconds: float
    in_flight: int = 0
    limit: float = field(init=False)
    closed_until: float = 0.0
    asleep_since: float | None = None
    cuts: int = 0
    _mode: Mode = Mode.GROWING
    _target: float = field(init=False)  # of an increase or probe
    _base: float = field(init=False)  # the limit before an increase or probe
    _limit_before_sleep: float = 0.0
    _usual_rate: float = 0.0  # tokens a second
    _best_cost: float = 0.0  # calls in flight per token a second
    _probe_interval: int = 1
    _epochs: int = 0  # since the last probe
    _cuts_in_epoch: int = 0
    _cut_at: float = -1.0
    _refusals: int = 0  # in a row
    _answers: int = 0  # in this epoch
    _work: float = 0.0
    _epoch_started_at: float = 0.0
    _is_idle: bool = False

    def __post_init__(self) -> None:
        self.limit = self._base = float(min(self.start, self.maximum))
        self._target = float(self.maximum)

    def may_send(self, now: float) -> bool:
        """Whether one more call may be sent."""
        if self.asleep_since is not None:
            return self.in_flight == 0 and now >= self.closed_until
        return self.in_flight < int(self.limit) and now >= self.closed_until

    def on_sent(self, now: float) -> None:
        """Note that a call was sent."""
        if not self._epoch_started_at:
            self._epoch_started_at = now
        self.in_flight += 1

    def on_answered(self, now: float, work: float) -> None:
        """Note that a call was answered; `work` is what the endpoint did for it, in tokens."""
        if self.asleep_since is not None:
            self._wake(now)
        self._refusals = 0
        if self.in_flight < 0.75 * int(self.limit):
            self._is_idle = True  # too few calls to measure anything in this epoch
        self.in_flight -= 1
        self._answers += 1
        self._work += work
        if now < self.closed_until:  # accepted calls continue, and the increase starts from them
            self.limit = max(1.0, self._target / 4, float(self.in_flight))
        elif self._mode is not Mode.STEADY and self.limit < self._target and not self._is_idle:
            self.limit = min(self._target, self.limit + self._base / self._epoch_answers())
        if self._answers >= self._epoch_answers():
            self._end_epoch(now)

    def on_failed(self) -> None:
        """Note a failure that says nothing about capacity: a reset, a page of HTML."""
        self.in_flight -= 1

    def on_refused(self, now: float, sent_at: float, retry_after: float) -> None:
        """Note a 429, a 503 or a timeout: there were too many calls."""
        self.in_flight -= 1
        accepted = max(1.0, float(round(FIRST_CUT_FACTOR * self.in_flight)))
        if sent_at - self._cut_at <= now - sent_at:  # too soon after the cut to show its effect
            self.limit = self._base = min(self.limit, accepted)
            self._cut_at = now
            return
        self._cuts_in_epoch += 1
        self.cuts += 1
        self.limit = min(self.limit, accepted)
        if self._cuts_in_epoch > 1:
            self.limit = max(1.0, self.limit * REPEATED_CUT_FACTOR / FIRST_CUT_FACTOR)
        self._cut_at = now
        doubled = min(2 * self._probe_interval, MAX_PROBE_INTERVAL)
        self._probe_interval = 1 if self._cuts_in_epoch > 1 else doubled
        self._hold_limit(now, self.limit)
        if self._cuts_in_epoch > 1 and retry_after > 0:
            self.closed_until = max(self.closed_until, now + retry_after)
            self._grow_to(self.limit)
            self._cuts_in_epoch = 0

    def on_unavailable(self, now: float, sent_at: float, retry_after: float) -> None:
        """Note a 502, a 503 or no connection: too many calls, or an endpoint that is asleep."""
        self._refusals += 1
        never_answered = self._usual_rate == 0.0 and self._answers == 0
        if self.asleep_since is None and not never_answered and self._refusals < MAX_REFUSALS:
            self.on_refused(now, sent_at, retry_after)
            return
        self.in_flight -= 1
        if self.asleep_since is None:
            self.asleep_since = now
        self.closed_until = now + max(retry_after, self._next_poll_delay(now))

    def _next_poll_delay(self, now: float) -> float:
        return min(
            self.max_sleep_poll_seconds,
            max(self.sleep_poll_seconds, (now - (self.asleep_since or now)) / 10),
        )

    def _wake(self, now: float) -> None:
        """Continue at the limit before: a cold start is no sign of a smaller endpoint."""
        self.asleep_since = None
        self.closed_until = 0.0
        self._cuts_in_epoch = 0
        start = float(min(self.start, self.maximum))
        self.limit = self._base = max(self._limit_before_sleep, start)
        self._start_epoch(now)

    def _epoch_answers(self) -> int:
        """Return how many answers end an epoch."""
        is_moving = self._mode in (Mode.GROWING, Mode.CHANGING_LIMIT)
        return max(MIN_ANSWERS, int(self.limit if is_moving else 2 * self.limit))

    def _start_epoch(self, now: float) -> None:
        self._answers, self._work, self._epoch_started_at, self._is_idle = 0, 0.0, now, False

    def _hold_limit(self, now: float, limit: float) -> None:
        self.limit = self._base = max(1.0, min(limit, float(self.maximum)))
        self._mode = Mode.STEADY
        self._usual_rate, self._epochs = 0.0, 0
        self._start_epoch(now)

    def _grow_to(self, target: float) -> None:
        self._mode, self._target = Mode.GROWING, target
        self.limit = self._base = max(1.0, float(self.in_flight), target / 4)

    def _end_epoch(self, now: float) -> None:
        """Compare the throughput of the epoch with the usual one."""
        rate = self._work / max(now - self._epoch_started_at, 1e-9)
        is_idle = self._is_idle
        self._start_epoch(now)
        if is_idle:
            return
        if not self._cuts_in_epoch:
            self._limit_before_sleep = self._base
        self._cuts_in_epoch = 0
        {
            Mode.GROWING: self._end_growing,
            Mode.STEADY: self._end_steady,
            Mode.CHANGING_LIMIT: self._end_changing_limit,
            Mode.MEASURING: self._end_measuring,
        }[self._mode](now, rate)

    def _end_growing(self, now: float, rate: float) -> None:
        has_gained = rate >= MIN_GAIN_PER_DOUBLING * self._usual_rate
        self._note_cost(self._base / rate)
        self._usual_rate = rate
        if self.limit >= self._target:
            self._hold_limit(now, self._target)
        elif has_gained or self._target < self.maximum:  # back to what was accepted before
            self._base = self.limit
        else:
            self._hold_limit(now, self._base)

    def _end_steady(self, now: float, rate: float) -> None:
        usual = self._usual_rate
        self._usual_rate = 0.7 * usual + 0.3 * rate if usual else rate
        cost = self.limit / self._usual_rate
        self._note_cost(cost)
        self._epochs += 1
        if self._epochs >= self._probe_interval:
            self._start_probe(
                STEP_DOWN if cost > QUEUEING_COST_RATIO * self._best_cost else STEP_UP
            )

    def _note_cost(self, cost: float) -> None:
        self._best_cost = min(cost, self._best_cost * BEST_COST_GROWTH) if self._best_cost else cost

    def _start_probe(self, step: float) -> None:
        self._epochs = 0
        higher = max(self._base * step, self._base + 1)
        self._target = max(1.0, min(float(self.maximum), higher))
        if step < 1:
            self.limit = self._target = max(1.0, self._base * step)
        if self._target != self._base:
            self._mode = Mode.CHANGING_LIMIT

    def _end_changing_limit(self, now: float, rate: float) -> None:
        if self.limit == self._target:
            self._mode = Mode.MEASURING

    def _end_measuring(self, now: float, rate: float) -> None:
        min_gain = MIN_GAIN_UP if self._target > self._base else MIN_GAIN_DOWN
        is_better = rate >= min_gain * self._usual_rate
        self._mode, self._epochs = Mode.STEADY, 0
        doubled = min(2 * self._probe_interval, MAX_PROBE_INTERVAL)
        self._probe_interval = 1 if is_better else doubled
        if is_better:
            self._base, self._usual_rate = self.limit, rate
        self.limit = self._base
