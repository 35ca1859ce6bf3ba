"""A recipe whose input can never work is paid for once; one whose error may pass is tried again.

The bot and the command line of the recipes are real; the Hub in memory, jobs and the clock are
simulated.
"""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

import pytest

from bot.domain.request import Status, Verdict
from recipes import cli
from recipes.core.errors import Unworkable, UserError
from tests.scenarios.in_memory_hub import ORG, InMemoryHub
from tests.scenarios.simulation import Simulation, add_comment, all_reported, open_discussion
from tests.scenarios.three_requests import PERSON, POLICY

SENTENCE = "There is no row to train on."
COMMAND = ["train", "--config", "practice", "--org", ORG, "--language", "epo_Latn", "--dataset",
           "o/d", "--base", "o/b", "--into", "o/a"]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "verdict", "attempts"),
    [(Unworkable, Verdict.UNWORKABLE, 1), (UserError, Verdict.ATTEMPTS, 2)],
)
def test_attempts_of_a_recipe_that_refuses_its_input(
    error: type[UserError],
    verdict: Verdict,
    attempts: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(_: argparse.Namespace) -> None:
        raise error(SENTENCE)

    recipe = ModuleType("run")
    monkeypatch.setattr(recipe, "main", refuse, raising=False)
    monkeypatch.setitem(sys.modules, "recipes.train.run", recipe)  # importing it takes seconds
    assert cli.main(COMMAND) == 2
    log = capsys.readouterr().err.splitlines()
    hub = InMemoryHub(log=log, succeeds=lambda labels: labels["step"] != "train")
    simulation = Simulation(hub, POLICY, script=[(2.0, open_discussion(PERSON, "Esperanto"))])
    simulation.run(all_reported(simulation, 1))
    (request,) = simulation.requests()
    assert (request.status, request.verdict) == (Status.FAILED, verdict)
    trainings = [number for _, step, number in hub.launches() if step == "train"]
    assert trainings == [*range(1, attempts + 1)]
    assert any(f"kakugo-recipe train: {SENTENCE}" in text for text in hub.bot_comments(1))

    retry = Simulation(hub, POLICY, script=[(2.0, add_comment(1, PERSON, "/retry"))])
    hub.succeeds = lambda labels: True
    retry.run(lambda: retry.requests()[0].status is Status.DONE)
    assert sum(step == "train" for _, step, _ in hub.launches()) == attempts + 1
