"""Three requests on the Hub in memory, which must end the same way wherever a bot is killed.

The bot and its client code are real; the Hub, its jobs and the clock are simulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.actions import GRACE_SECONDS
from bot.domain.policy import Policy
from bot.domain.recipe import parse
from tests.bot import examples
from tests.scenarios.in_memory_hub import ORG, InMemoryHub
from tests.scenarios.simulation import (
    Event,
    Faults,
    Kill,
    Simulation,
    add_comment,
    all_reported,
    open_discussion,
)

TITLES = {1: "Welsh", 2: "Kurdish", 3: "Esperanto"}
PERSON = "ludoviko"
RECIPE = parse("practice", ORG, examples.YAML.replace("[epo_Latn]", "null"))
POLICY = Policy("http://model.hub", RECIPE, 50.0, "kakugo_bot-0.1.0-py3-none-any.whl")
# An order to the teacher takes effect some calls after the commit that it is charged from, and bots
# see the effect later, as listings lag.
TOLERANCE_USD = GRACE_SECONDS / 3600 * examples.endpoint().usd_per_hour
MAX_LAG = GRACE_SECONDS / 2 - 2  # seconds; with older listings the bot may do things twice


@dataclass(frozen=True)
class Outcome:
    """Everything visible at the end, except for times and what depends on them: costs.

    `is_billed_right`: the ledger agrees with the Hub's bill.
    """

    launches: tuple[tuple[str, str, int], ...]
    records: tuple[str, ...]
    comments: Mapping[int, tuple[str, ...]]
    open: tuple[int, ...]
    is_billed_right: bool


def all_but_one_succeed(labels: Mapping[str, str]) -> bool:
    """Return whether a job succeeds: all do except the first training of the second request."""
    return (labels["request"], labels["step"], labels["attempt"]) != ("r2", "train", "1")


def simulate(
    bots: int,
    kill: Kill | None,
    seed: int = 0,
    lag: float = MAX_LAG,
    faults: float = 0.0,
    before_call: Callable[[Simulation], None] = lambda _: None,
) -> tuple[Outcome, Simulation]:
    """Simulate until some time after the last report."""
    hub = InMemoryHub(lag=lag, seed=seed, succeeds=all_but_one_succeed)
    script: list[Event] = [
        (2.0 * num, open_discussion(PERSON, title)) for num, title in TITLES.items()
    ]
    script += [(60.0, _answer_question), (200.0, add_comment(3, PERSON, "/estimate"))]
    simulation = Simulation(
        hub, POLICY, bots, kill, seed, script, Faults(faults, seed), before_call=before_call
    )
    simulation.run(all_reported(simulation, len(TITLES)))
    return outcome_of(simulation), simulation


def _answer_question(hub: InMemoryHub) -> float | None:
    """Answer the question about Kurdish, or try again later if it is not there yet."""
    if not hub.bot_comments(2):
        return 10.0
    hub.add_comment(2, PERSON, "1")
    return None


def outcome_of(simulation: Simulation, discussions: int = len(TITLES)) -> Outcome:
    """Return the current outcome of a simulation with this many discussions."""
    hub, requests = simulation.hub, sorted(simulation.requests(), key=lambda r: r.id)
    return Outcome(
        launches=tuple(hub.launches()),
        records=tuple(
            f"{r.id} {r.status} " + " ".join(f"{s}={r.step(s).state}" for s in r.steps)
            for r in requests
        ),
        comments={
            num: tuple(sorted(map(_without_costs, hub.bot_comments(num))))
            for num in range(1, discussions + 1)
        },
        open=tuple(n for n, t in hub.threads.items() if t.status.values[-1] == "open"),
        is_billed_right=abs(sum(r.spent_usd for r in requests) - _bill_usd(hub)) < TOLERANCE_USD,
    )


def _without_costs(comment: str) -> str:
    """Return a comment without its costs, and without the digest in its marker."""
    text = re.sub(r"\$\d+\.\d\d|less than a cent|nothing", "$", comment)
    return re.sub(r"(<!-- kakugo \w+) \w+", r"\1", text)


def _bill_usd(hub: InMemoryHub) -> float:
    return hub.bill_usd(examples.endpoint().usd_per_hour)


def assert_expected(outcome: Outcome, retried: bool = True) -> None:
    """Check the outcome without kills; `retried`: one job has failed and was repeated."""
    steps = ("check", "generate", "train", "evaluate")
    launches = [(f"r{n}", step, 1) for n in TITLES for step in steps]
    launches += [("r2", "train", 2)] if retried else []
    assert outcome.launches == tuple(sorted(launches))
    for num, comments in outcome.comments.items():
        kinds = [kind for text in comments for kind in re.findall(r"<!-- kakugo (\w+)", text)]
        more = {2: ["question"], 3: ["answer1"]}.get(num, [])
        assert sorted(kinds) == sorted(["plan", "result", "status", *more]), kinds
    assert not outcome.open and outcome.is_billed_right
    assert all(" done " in record for record in outcome.records)


def describe_difference(expected: Outcome, simulation: Simulation) -> str:
    """Say how a simulation that has ended differs from what was expected."""
    actual = outcome_of(simulation)
    differences = [
        f"{name}: {getattr(expected, name)}\n  now {getattr(actual, name)}"
        for name in vars(expected)
        if getattr(expected, name) != getattr(actual, name)
    ]
    cause = f"{simulation.kill or ''}, stale call {simulation.stale_call}"
    return "\n".join([f"{simulation.bots} bots, {cause}", *differences, *simulation.log])


def check_some_kills(bots: int, every: int) -> int:
    """Kill a bot at every n-th call, by turns before and after it takes effect; count the kills.

    Each run has its own durations of calls and ages of listings.
    """
    expected, simulation = simulate(bots, None)
    assert_expected(expected)
    kills = 0
    for number, call in enumerate(range(1, simulation.calls + 1, every)):
        outcome, killed = simulate(bots, Kill(call, after=number % 2 == 0), seed=call)
        assert outcome == expected, describe_difference(expected, killed)
        kills += killed.kills
    print(f"{bots} bots: {kills} kills in {simulation.calls} calls, always the same outcome")
    return kills
