"""How many calls may be in flight: found from what the endpoint does, never told.

A pure controller: events and the time go in, `width` comes out; no clock, no waiting, no network.
It climbs while more calls at once bring more work a second, which stays right where each call gets
slower long before the endpoint is full (continuous batching); latency over the best seen only says
when to look for a queue that is of no use. A refusal tells the capacity itself: the calls that are
still in flight were taken. A call that was sent before a cut, or too soon after it to have shown
what the cut did, belongs to the same burst: endings may come in batches and in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

CUT, DEEP_CUT = 0.98, 0.85  # of the calls that were taken: at a refusal, and when that was not it
STEP_UP, STEP_DOWN = 1.25, 0.8  # what a probe tries
GAIN = 1.04  # a probe upwards is kept from this gain on: calls that wait cost nothing
LOSS = 1.0  # a probe downwards is kept when nothing is lost
STILL_RISING = 1.1  # the first climb goes on while a doubling brings this
QUEUED = 3.0  # times the best time per piece of work: most calls only wait
FEWEST = 32  # answers from which a rate is believed
PATIENCE = 8  # epochs between probes at most
FORGET = 1.02  # the best time seen is believed a little less every epoch
REFUSALS = 8  # of a sleeping endpoint, in a row


class Mode(Enum):
    """What the controller is doing."""

    RISING = auto()
    CRUISING = auto()
    MOVING = auto()
    MEASURING = auto()


@dataclass
class Pace:
    """`width` calls may be in flight, from `start` at first to never more than `most`.

    `nap` and `longest_nap`: seconds between knocks at an endpoint that is asleep.
    """

    start: int
    most: int
    nap: float
    longest_nap: float
    in_flight: int = 0
    width: float = field(init=False)
    closed_until: float = 0.0
    asleep_since: float | None = None
    cuts: int = 0
    _mode: Mode = Mode.RISING
    _goal: float = field(init=False)
    _home: float = field(init=False)
    _awake: float = 0.0
    _usual: float = 0.0
    _best: float = 0.0
    _patience: int = 1
    _epochs: int = 0
    _severity: int = 0
    _cut_at: float = -1.0
    _refusals: int = 0
    _answers: int = 0
    _work: float = 0.0
    _since: float = 0.0
    _idle: bool = False

    def __post_init__(self) -> None:
        self.width = self._home = float(min(self.start, self.most))
        self._goal = float(self.most)

    def room(self, now: float) -> bool:
        """Whether one more call may be sent."""
        if self.asleep_since is not None:
            return self.in_flight == 0 and now >= self.closed_until
        return self.in_flight < int(self.width) and now >= self.closed_until

    def sent(self, now: float) -> None:
        """One more is in flight."""
        if not self._since:
            self._since = now
        self.in_flight += 1

    def answered(self, now: float, work: float) -> None:
        """A call ended well; `work` is what the endpoint did for it, in tokens."""
        if self.asleep_since is not None:
            self._wake(now)
        self._refusals = 0
        if self.in_flight < 0.75 * int(self.width):
            self._idle = True  # there was not enough to do: this epoch says nothing
        self.in_flight -= 1
        self._answers += 1
        self._work += work
        if now < self.closed_until:  # what was taken goes on, and is where the climb begins
            self.width = max(1.0, self._goal / 4, float(self.in_flight))
        elif self._mode is not Mode.CRUISING and self.width < self._goal and not self._idle:
            self.width = min(self._goal, self.width + self._home / self._needed())
        if self._answers >= self._needed():
            self._judge(now)

    def failed(self) -> None:
        """A call ended otherwise, which says nothing about capacity: a reset, a page of HTML."""
        self.in_flight -= 1

    def refused(self, now: float, sent_at: float, retry_after: float) -> None:
        """429, 503 or a timeout: there were too many."""
        self.in_flight -= 1
        taken = max(1.0, float(round(CUT * self.in_flight)))
        if sent_at - self._cut_at <= now - sent_at:  # too soon after the cut to have learnt of it
            self.width = self._home = min(self.width, taken)
            self._cut_at = now
            return
        self._severity += 1
        self.cuts += 1
        self.width = min(self.width, taken)
        if self._severity > 1:
            self.width = max(1.0, self.width * DEEP_CUT / CUT)
        self._cut_at = now
        self._patience = 1 if self._severity > 1 else min(2 * self._patience, PATIENCE)
        self._settle(now, self.width)
        if self._severity > 1 and retry_after > 0:
            self.closed_until = max(self.closed_until, now + retry_after)
            self._climb_to(self.width)
            self._severity = 0

    def unready(self, now: float, sent_at: float, retry_after: float) -> None:
        """502, 503 or no connection: too many, or asleep if nobody is answered any more."""
        self._refusals += 1
        never = self._usual == 0.0 and self._answers == 0
        if self.asleep_since is None and not never and self._refusals < REFUSALS:
            self.refused(now, sent_at, retry_after)
            return
        self.in_flight -= 1
        if self.asleep_since is None:
            self.asleep_since = now
        self.closed_until = now + max(retry_after, self._nap(now))

    def _nap(self, now: float) -> float:
        return min(self.longest_nap, max(self.nap, (now - (self.asleep_since or now)) / 10))

    def _wake(self, now: float) -> None:
        """Go on where it fell asleep: a cold start is no sign of a smaller endpoint."""
        self.asleep_since = None
        self.closed_until = 0.0
        self._severity = 0
        self.width = self._home = max(self._awake, float(min(self.start, self.most)))
        self._begin(now)

    def _needed(self) -> int:
        once = self._mode in (Mode.RISING, Mode.MOVING)
        return max(FEWEST, int(self.width if once else 2 * self.width))

    def _begin(self, now: float) -> None:
        self._answers, self._work, self._since, self._idle = 0, 0.0, now, False

    def _settle(self, now: float, width: float) -> None:
        self.width = self._home = max(1.0, min(width, float(self.most)))
        self._mode = Mode.CRUISING
        self._usual, self._epochs = 0.0, 0
        self._begin(now)

    def _climb_to(self, goal: float) -> None:
        self._mode, self._goal = Mode.RISING, goal
        self.width = self._home = max(1.0, float(self.in_flight), goal / 4)

    def _judge(self, now: float) -> None:
        """An epoch is over: compare its work a second with the usual."""
        rate = self._work / max(now - self._since, 1e-9)
        idle = self._idle
        self._begin(now)
        if idle:
            return
        if not self._severity:
            self._awake = self._home
        self._severity = 0
        {
            Mode.RISING: self._rose,
            Mode.CRUISING: self._cruised,
            Mode.MOVING: self._moved,
            Mode.MEASURING: self._measured,
        }[self._mode](now, rate)

    def _rose(self, now: float, rate: float) -> None:
        gained = rate >= STILL_RISING * self._usual
        self._saw(self._home / rate)
        self._usual = rate
        if self.width >= self._goal:
            self._settle(now, self._goal)
        elif gained or self._goal < self.most:  # a climb back goes to what was taken
            self._home = self.width
        else:
            self._settle(now, self._home)

    def _cruised(self, now: float, rate: float) -> None:
        self._usual = rate if not self._usual else 0.7 * self._usual + 0.3 * rate
        cost = self.width / self._usual
        self._saw(cost)
        self._epochs += 1
        if self._epochs >= self._patience:
            self._probe(STEP_DOWN if cost > QUEUED * self._best else STEP_UP)

    def _saw(self, cost: float) -> None:
        self._best = min(cost, self._best * FORGET) if self._best else cost

    def _probe(self, step: float) -> None:
        self._epochs = 0
        self._goal = max(1.0, min(float(self.most), max(self._home * step, self._home + 1)))
        if step < 1:
            self.width = self._goal = max(1.0, self._home * step)
        if self._goal != self._home:
            self._mode = Mode.MOVING

    def _moved(self, now: float, rate: float) -> None:
        if self.width == self._goal:
            self._mode = Mode.MEASURING

    def _measured(self, now: float, rate: float) -> None:
        up = self._goal > self._home
        keep = rate >= (GAIN if up else LOSS) * self._usual
        self._mode, self._epochs = Mode.CRUISING, 0
        self._patience = 1 if keep else min(2 * self._patience, PATIENCE)
        if keep:
            self._home, self._usual = self.width, rate
        self.width = self._home
