"""A story of three requests that must always end the same, wherever a bot is killed.

Whoever dies, and whenever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.actions import GRACE
from bot.domain.policy import Policy
from bot.domain.recipe import parse
from tests.bot import examples
from tests.scenarios.memory_hub import ORG, HubModel
from tests.scenarios.simulation import Cut, Faults, Simulation, told

ASKED = {1: "Welsh", 2: "Kurdish", 3: "Esperanto"}
PROGRAMME = parse("practice", ORG, examples.YAML.replace("[epo_Latn]", "null"))
POLICY = Policy("http://model.hub", PROGRAMME, 50.0, "kakugo_bot-0.1.0-py3-none-any.whl")
LAG = GRACE / 2 - 2


@dataclass(frozen=True)
class Outcome:
    """All that may be seen at the end, but for the moments at which it happened."""

    launches: tuple[tuple[str, str, int], ...]
    records: tuple[str, ...]
    comments: Mapping[int, tuple[str, ...]]
    open: tuple[int, ...]
    spent: float


def fails_once(labels: Mapping[str, str]) -> bool:
    return (labels["request"], labels["step"], labels["attempt"]) != ("r2", "train", "1")


def play(
    bots: int, cut: Cut | None, seed: int = 0, lag: float = LAG, faults: float = 0.0
) -> tuple[Outcome, Simulation]:
    """Play the story to its end and then some; returns what is left of it."""
    hub = HubModel(lag=lag, seed=seed, succeeds=fails_once)
    script = [(2.0 * n, lambda h, t=t: h.asks("ludoviko", t) and None) for n, t in ASKED.items()]
    script += [(60.0, _answers), (200.0, lambda h: h.says(3, "ludoviko", "/estimate") and None)]
    simulation = Simulation(hub, POLICY, bots, cut, seed, script, Faults(faults, seed))
    simulation.play(told(simulation, len(ASKED)))
    return outcome_of(simulation), simulation


def _answers(hub: HubModel) -> float | None:
    """Whoever asked for Kurdish answers as soon as the question is there."""
    if not hub.heard(2):
        return 10.0
    hub.says(2, "ludoviko", "1")
    return None


def outcome_of(simulation: Simulation, discussions: int = len(ASKED)) -> Outcome:
    """What is left of a story."""
    hub, requests = simulation.hub, sorted(simulation.requests(), key=lambda r: r.id)
    return Outcome(
        launches=tuple(hub.launches()),
        records=tuple(
            f"{r.id} {r.status} " + " ".join(f"{s}={r.step(s).state}" for s in r.steps)
            for r in requests
        ),
        comments={num: tuple(sorted(hub.heard(num))) for num in range(1, discussions + 1)},
        open=tuple(n for n, t in hub.threads.items() if t.status.values[-1] == "open"),
        spent=round(sum(r.spent_usd for r in requests), 6),
    )


def expected(outcome: Outcome, retried: bool = True) -> None:
    """What the undisturbed story must look like; `retried`: with the job that fails once."""
    steps = ("check", "generate", "train", "evaluate")
    launches = [(f"r{n}", step, 1) for n in ASKED for step in steps]
    launches += [("r2", "train", 2)] if retried else []
    assert outcome.launches == tuple(sorted(launches))
    for num, said in outcome.comments.items():
        kinds = [m for text in said for m in re.findall(r"<!-- kakugo (\w+)", text)]
        more = {2: ["question"], 3: ["answer1"]}.get(num, [])
        assert sorted(kinds) == sorted(["plan", "result", "status", *more]), kinds
    assert not outcome.open
    assert all(" done " in record for record in outcome.records)


def _difference(whole: Outcome, other: Outcome, cut: Cut, story: Simulation) -> str:
    parts = [f for f in vars(whole) if getattr(whole, f) != getattr(other, f)]
    seen = [f"{part}: {getattr(whole, part)}\n  now {getattr(other, part)}" for part in parts]
    return "\n".join([f"{story.bots} bots, {cut}", *seen, *story.trail])


def tally(bots: int, every: int, vary: bool = True) -> int:
    """Cut at every n-th call, before and after it takes effect; returns how many cuts there were.

    `vary`: each cut is made in a story of its own; who is how fast and how late the listings are
    differs. Otherwise it is the same story up to the cut.
    """
    whole, simulation = play(bots, None)
    expected(whole)
    tried = 0
    for call in range(1, simulation.calls + 1, every):
        for after in (False, True):
            cut = Cut(call, after)
            outcome, story = play(bots, cut, seed=call if vary else 0)
            assert outcome == whole, _difference(whole, outcome, cut, story)
            tried += story.cuts
    assert vary or tried >= 2 * (simulation.calls // every - bots)
    print(f"{bots} bots: {tried} cuts in {simulation.calls} calls, always the same end")
    return tried
