"""A request for the next version: its result is reported once, promoted or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import steps
from bot.domain.codec import request_from_json, request_to_json
from bot.domain.request import Request, Status, Step, Verdict
from tests.bot import examples
from tests.bot.examples import admit
from tests.scenarios.crash_story import LAG, POLICY, Outcome, outcome_of
from tests.scenarios.memory_hub import HubModel
from tests.scenarios.simulation import Cut, Faults, Simulation, told

ORG = "practice"
FOLDER = "epo_Latn/kakugo-practice-base-epo_Latn/versions"


def story(bots: int, cut: Cut | None = None) -> tuple[Outcome, Simulation]:
    """Esperanto is asked for and, when it is done, asked to be improved."""

    def again(hub: HubModel) -> float | None:
        if hub.threads[1].status.values[-1] == "open":
            return 10.0
        hub.asks("ludoviko", "Esperanto", "/improve")
        return None

    hub = HubModel(lag=LAG)
    script = [(2.0, lambda h: h.asks("ludoviko", "Esperanto") and None), (9.0, again)]
    simulation = Simulation(hub, POLICY, bots, cut, 0, script, Faults(0.0, 0))
    simulation.play(told(simulation, 2))
    return outcome_of(simulation, 2), simulation


@pytest.mark.parametrize(("bots", "every"), [(1, 9), (2, 19)])
def test_asked_for_in_a_discussion_it_is_one_job_and_told_there(bots: int, every: int) -> None:
    whole, simulation = story(bots)
    assert [launch for launch in whole.launches if launch[0] == "r2"] == [("r2", "improve", 1)]
    assert len(whole.launches) == 5 and not whole.open
    assert whole.records[1] == "r2 done improve=made"
    kinds = [text.rsplit("kakugo ", 1)[1].split()[0] for text in whole.comments[2]]
    assert sorted(kinds) == ["plan", "result", "status"]
    assert any("it is now in use" in text for text in whole.comments[2])
    assert simulation.requests()[1].spent_usd > 0
    for call in range(simulation.calls // 2, simulation.calls + 1, every):
        for after in (False, True):
            assert story(bots, Cut(call, after))[0] == whole, (call, after)


def test_only_a_model_that_is_there_is_improved_and_by_one_request_at_a_time() -> None:
    asks = examples.discussion(body="/improve")

    def taken(*others: Request) -> Request:
        return admit(asks, others, examples.observed(discussions={}), examples.policy()).request

    def other(number: int, status: Status, improves: bool = False) -> Request:
        spec = replace(examples.spec(), improves=improves)
        return examples.request(id=f"r{number}", discussion=number, status=status, spec=spec)

    for none in ((), (other(7, Status.OPEN),), (other(7, Status.DONE, improves=True),)):
        assert taken(*none).verdict is Verdict.NO_MODEL
    made, before = other(7, Status.DONE), other(8, Status.DONE, improves=True)
    begun = taken(made, before)
    assert begun.status is Status.OPEN and begun.agreed_spec.improves
    assert begun.agreed_spec.estimate_usd == pytest.approx(2 / 60 * examples.PRICES["cpu-upgrade"])
    assert begun.agreed_spec.cap_usd == pytest.approx(10 / 60 * examples.PRICES["cpu-upgrade"])
    busy = taken(made, other(9, Status.OPEN, improves=True))
    assert (busy.verdict, busy.choices[1]) == (Verdict.DUPLICATE, "r9")
    dear = admit(
        asks, (made,), examples.observed(discussions={}), examples.policy(limit_usd=0.0005)
    ).request
    assert dear.verdict is Verdict.TOO_DEAR, "money is a maintainer's matter here, too"
    again = examples.request(spec=replace(examples.spec(), improves=True))
    assert request_from_json(request_to_json(again)) == again


def test_the_job_runs_a_command_that_the_recipe_knows() -> None:
    from recipes.cli import parser

    asked = examples.request(spec=replace(examples.spec(), improves=True))
    command = steps.command(examples.recipe(), asked, Step.IMPROVE, 1, "http://w", "", 0.0)
    assert "kakugo-bot[improve] @ http://w" in command
    args = parser().parse_args(list(command[command.index("kakugo-recipe") + 1 :]))
    assert (args.command, args.request, args.feedback) == (
        "improve",
        "r1",
        "practice/kakugo-feedback",
    )
