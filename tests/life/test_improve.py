"""A new version is told where the language was asked for: once, and whichever way it went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from bot import improve, names, steps
from bot.failure import Failure
from bot.hub import tell
from bot.hub.connect import Connection, Refused
from bot.localhub.testing import LocalHub
from bot.plan import admit
from bot.replies import improved
from bot.request import Request, Status, Step, Verdict, from_json, to_json
from bot.settings import read
from bot.world import Version
from tests.bot import plays
from tests.life.crash import LAG, TERMS, Outcome, outcome_of
from tests.life.model import HubModel
from tests.life.simulation import Cut, Faults, Simulation, told

ORG = "practice"
FOLDER = "epo_Latn/kakugo-practice-base-epo_Latn/versions"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Connection]:
    with LocalHub(tmp_path) as local:
        token = local.token("kakugo-bot")
        connection = Connection(local.url, ORG, token, token, f"{local.url}/endpoints-api/v2")
        space = names.leaderboard(ORG)
        connection.api.create_repo(space, repo_type="space", space_sdk="gradio")
        connection.api.create_repo(names.results(ORG), repo_type="dataset")
        person = HfApi(endpoint=local.url, token=local.token("bob"))
        person.create_discussion(space, "Esperanto", repo_type="space")
        yield connection


def compared(hub: Connection, *versions: tuple[str, object]) -> None:
    operations = [
        CommitOperationAdd(
            f"{FOLDER}/{version}/run.json",
            json.dumps({"metrics": {"version": version, "promoted": promoted}}).encode(),
        )
        for version, promoted in versions
    ]
    hub.api.create_commit(
        names.results(ORG), operations, commit_message="Compare", repo_type="dataset"
    )


def test_the_newest_verdict_is_told_once(hub: Connection) -> None:
    compared(hub, ("v2", True), ("v10", False), ("v9", True))
    done = plays.request(status=Status.DONE)
    version = improve.verdict(hub, done)
    assert version == Version("v10", False, True)
    text = improved(version, done, plays.terms())
    assert "significantly worse" in text and "stays in use" in text
    assert tell.ensure_told(hub, 1, "version10", text)
    assert not tell.ensure_told(hub, 1, "version10", text)
    details = hub.api.get_discussion_details(names.leaderboard(ORG), 1, repo_type="space")
    assert sum("new version of the model" in str(e.__dict__) for e in details.events) == 1


def test_what_was_never_compared_or_is_not_done_is_refused(hub: Connection) -> None:
    with pytest.raises(Refused, match="nothing in"):
        improve.verdict(hub, plays.request(status=Status.DONE))
    compared(hub, ("v2", True), ("vX", True))
    assert improve.verdict(hub, plays.request(status=Status.DONE)) == Version("v2", True, True)


def test_only_what_is_done_is_improved(hub: Connection) -> None:
    with pytest.raises(Failure, match="only what is done"):
        settings = read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": ORG})
        list(improve.improve(hub, settings, plays.terms(), plays.request()))


def test_the_recipes_are_named_with_all_that_they_need() -> None:
    from recipes.cli import parser

    for command in improve.commands(ORG, plays.request(status=Status.DONE)):
        args = parser().parse_args(command[1:])
        assert args.language == "epo_Latn" and args.org == ORG


def story(bots: int, cut: Cut | None = None) -> tuple[Outcome, Simulation]:
    """Esperanto is asked for and, when it is done, asked to be improved."""

    def again(hub: HubModel) -> float | None:
        if hub.threads[1].status.values[-1] == "open":
            return 10.0
        hub.asks("ludoviko", "Esperanto", "/improve")
        return None

    hub = HubModel(lag=LAG)
    script = [(2.0, lambda h: h.asks("ludoviko", "Esperanto") and None), (9.0, again)]
    simulation = Simulation(hub, TERMS, bots, cut, 0, script, Faults(0.0, 0))
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
    assert any("it is in use now" in text for text in whole.comments[2])
    assert simulation.requests()[1].spent_usd > 0
    for call in range(simulation.calls // 2, simulation.calls + 1, every):
        for after in (False, True):
            assert story(bots, Cut(call, after))[0] == whole, (call, after)


def test_only_a_model_that_is_there_is_improved_and_by_one_request_at_a_time() -> None:
    asks = plays.discussion(body="/improve")

    def taken(*others: Request) -> Request:
        return admit(asks, others, plays.world(discussions={}), plays.terms()).next

    def other(number: int, status: Status, improves: bool = False) -> Request:
        spec = replace(plays.spec(), improves=improves)
        return plays.request(id=f"r{number}", discussion=number, status=status, spec=spec)

    for none in ((), (other(7, Status.OPEN),), (other(7, Status.DONE, improves=True),)):
        assert taken(*none).verdict is Verdict.NO_MODEL
    made, before = other(7, Status.DONE), other(8, Status.DONE, improves=True)
    begun = taken(made, before)
    assert begun.status is Status.OPEN and begun.agreed.improves
    assert begun.agreed.estimate_usd == pytest.approx(2 / 60 * plays.PRICES["cpu-upgrade"])
    assert begun.agreed.cap_usd == pytest.approx(10 / 60 * plays.PRICES["cpu-upgrade"])
    busy = taken(made, other(9, Status.OPEN, improves=True))
    assert (busy.verdict, busy.choices[1]) == (Verdict.DUPLICATE, "r9")
    dear = admit(asks, (made,), plays.world(discussions={}), plays.terms(limit_usd=0.0005)).next
    assert dear.verdict is Verdict.TOO_DEAR, "money is a maintainer's matter here, too"
    again = plays.request(spec=replace(plays.spec(), improves=True))
    assert from_json(to_json(again)) == again


def test_the_job_runs_a_command_that_the_recipe_knows() -> None:
    from recipes.cli import parser

    asked = plays.request(spec=replace(plays.spec(), improves=True))
    command = steps.command(plays.programme(), asked, Step.IMPROVE, 1, "http://w", "", 0.0)
    assert "kakugo-bot[improve] @ http://w" in command
    args = parser().parse_args(list(command[command.index("kakugo-recipe") + 1 :]))
    assert (args.command, args.request, args.feedback) == (
        "improve",
        "r1",
        "practice/kakugo-feedback",
    )
