"""A request for the next version is one job, whose result is reported once.

The bot is real; the Hub in memory, jobs and the clock are simulated.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import steps
from bot.domain.codec import request_from_json, request_to_json
from bot.domain.request import Request, Status, Step, Verdict
from tests.bot import examples
from tests.bot.examples import admit
from tests.scenarios.in_memory_hub import InMemoryHub
from tests.scenarios.simulation import (
    Event,
    Faults,
    Kill,
    Simulation,
    all_reported,
    open_discussion,
)
from tests.scenarios.three_requests import MAX_LAG, POLICY, Outcome, outcome_of

ORG = "practice"
# Whoever asks for a next version here may.
STEWARDED = replace(POLICY, maintainers=frozenset({"ludoviko"}))
FOLDER = "epo_Latn/kakugo-practice-base-epo_Latn/versions"


def simulate(bots: int, kill: Kill | None = None) -> tuple[Outcome, Simulation]:
    """Simulate a request for Esperanto and, when it is done, one for the next version."""

    def request_improvement(hub: InMemoryHub) -> float | None:
        if hub.threads[1].status.values[-1] == "open":
            return 10.0
        hub.open_discussion("ludoviko", "Esperanto", "/improve")
        return None

    hub = InMemoryHub(lag=MAX_LAG)
    script: list[Event] = [
        (2.0, open_discussion("ludoviko", "Esperanto")),
        (9.0, request_improvement),
    ]
    simulation = Simulation(hub, STEWARDED, bots, kill, 0, script, Faults(0.0, 0))
    simulation.run(all_reported(simulation, 2))
    return outcome_of(simulation, 2), simulation


@pytest.mark.parametrize(("bots", "every"), [(1, 40), (2, 80)])
def test_a_next_version_is_one_job_wherever_a_bot_is_killed(bots: int, every: int) -> None:
    expected, simulation = simulate(bots)
    assert [launch for launch in expected.launches if launch[0] == "r2"] == [("r2", "improve", 1)]
    assert len(expected.launches) == 5 and not expected.open
    assert expected.records[1] == "r2 done improve=made"
    kinds = [text.rsplit("kakugo ", 1)[1].split()[0] for text in expected.comments[2]]
    assert sorted(kinds) == ["plan", "result", "status"]
    assert any("it is now the current version" in text for text in expected.comments[2])
    assert simulation.requests()[1].spent_usd > 0
    for call in range(simulation.calls // 2, simulation.calls + 1, every):
        for after in (False, True):
            assert simulate(bots, Kill(call, after))[0] == expected, (call, after)


def test_only_an_existing_model_is_improved_by_one_request_at_a_time() -> None:
    discussion = examples.discussion(body="/improve", author="ada")

    def admitted(*others: Request) -> Request:
        return admit(
            discussion, others, examples.observed(discussions={}), examples.policy()
        ).request

    def other(number: int, status: Status, improves: bool = False) -> Request:
        spec = replace(examples.spec(), improves=improves)
        return examples.request(id=f"r{number}", discussion=number, status=status, spec=spec)

    for others in ((), (other(7, Status.OPEN),), (other(7, Status.DONE, improves=True),)):
        assert admitted(*others).verdict is Verdict.NO_MODEL
    done, before = other(7, Status.DONE), other(8, Status.DONE, improves=True)
    request = admitted(done, before)
    assert request.status is Status.OPEN and request.agreed_spec.improves
    assert request.agreed_spec.estimate_usd == pytest.approx(
        2 / 60 * examples.PRICES["cpu-upgrade"]
    )
    assert request.agreed_spec.cap_usd == pytest.approx(10 / 60 * examples.PRICES["cpu-upgrade"])
    needs_four = replace(examples.policy(), recipe=replace(examples.recipe(), fewest_corrections=4))
    for counts, verdict, choices in (
        (None, Verdict.NONE, ()),
        ({"epo_Latn": 4}, Verdict.NONE, ()),
        ({"epo_Latn": 2, "gla_Latn": 9}, Verdict.TOO_FEW, ("epo_Latn", "2", "4")),
        ({}, Verdict.TOO_FEW, ("epo_Latn", "0", "4")),
    ):
        seen = examples.observed(discussions={}, feedback=counts)
        counted = admit(discussion, (done,), seen, needs_four).request
        assert (counted.verdict, counted.choices) == (verdict, choices)
    busy = admitted(done, other(9, Status.OPEN, improves=True))
    assert (busy.verdict, busy.choices[1]) == (Verdict.DUPLICATE, "r9")
    expensive = admit(
        discussion, (done,), examples.observed(discussions={}), examples.policy(limit_usd=0.0005)
    ).request
    assert expensive.verdict is Verdict.TOO_DEAR
    improving = examples.request(spec=replace(examples.spec(), improves=True))
    assert request_from_json(request_to_json(improving)) == improving


def test_the_job_runs_a_command_of_the_recipe() -> None:
    from recipes.cli import parser

    request = examples.request(spec=replace(examples.spec(), improves=True))
    wheel = "http://hub/kakugo_bot-0.1.0-py3-none-any.whl"
    command = steps.command(examples.recipe(), request, Step.IMPROVE, 1, wheel, "", 0.0)
    assert "kakugo-bot[improve]==0.1.0" in command
    args = parser().parse_args(list(command[command.index("kakugo-recipe") + 1 :]))
    assert (args.command, args.request, args.feedback) == (
        "improve",
        "r1",
        "practice/kakugo-feedback",
    )
