"""A whole request on the local Hub, with the real recipes and small settings.

Written like a play: a person says something, the bot ticks, the audience reads the discussion.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import DatasetCard, HfApi, ModelCard

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.recipe import RECIPES, parse
from bot.domain.request import Status
from bot.hub.client import Connection
from bot.hub.ledger_repo import LedgerRepo
from bot.localhub.testing import LocalHub
from bot.operations import package
from bot.operations.deploy import Deployment, deploy
from bot.settings import Settings

pytestmark = pytest.mark.xdist_group("story")

ORG, BOT, PERSON = "practice", "kakugo-bot", "ludoviko"
SPACE = names.leaderboard(ORG)
PATIENCE = 240.0


def tiny_recipe(folder: Path) -> Path:
    """The practice recipe with numbers so small that nothing is learned, only done."""
    recipe: dict[str, Any] = yaml.safe_load((RECIPES / "practice.yaml").read_text())
    recipe["generate"]["contexts"]["texts"] = 30
    recipe["generate"]["pairs"]["texts"] = 60
    recipe["generate"]["translations"] = 40
    recipe["train"]["trainer"].update(max_steps=4, warmup_steps=1, logging_steps=2)
    recipe["train"]["threads"] = 1
    recipe["evaluate"].update(threads=1)
    for benchmark in recipe["evaluate"]["benchmarks"].values():
        benchmark["limit"] = 12
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe, allow_unicode=True))
    return path


class Stage:
    """A Hub, an installed bot that ticks when told to, and a person."""

    def __init__(self, hub: LocalHub, folder: Path) -> None:
        path = tiny_recipe(folder)
        token = hub.token(BOT)
        self.endpoints = f"{hub.url}/endpoints-api/v2"
        self.connection = Connection(hub.url, ORG, token, token, self.endpoints)
        recipe = parse(str(path), ORG, path.read_text())
        settings = Settings(
            endpoint=hub.url,
            org=ORG,
            recipe=str(path),
            limit_usd=50,
            poll_seconds=60,
            webhook_url="http://127.0.0.1:9/webhook",
            endpoints_url=self.endpoints,
            port=0,
            token=token,
            job_token=token,
            webhook_secret="secret",
        )
        self.deployed = list(deploy(Deployment(self.connection, recipe, settings, package.read())))
        policy = Policy(hub.url, recipe, 50, names.wheel("0.1.0"))
        self.ledger = Ledger(LedgerRepo(self.connection, names.ledger(ORG)))
        self.bot = Controller(self.connection, self.ledger, policy)
        self.person = HfApi(endpoint=hub.url, token=hub.token(PERSON))
        self.api = self.connection.api

    def says(self, title: str, body: str = "") -> int:
        return self.person.create_discussion(SPACE, title, description=body, repo_type="space").num

    def heard(self, num: int) -> list[str]:
        """What the bot has said in a discussion."""
        details = self.person.get_discussion_details(SPACE, num, repo_type="space")
        return [e.content for e in details.events if e.type == "comment" and e.author == BOT]

    def open(self, num: int) -> bool:
        return self.person.get_discussion_details(SPACE, num, repo_type="space").status == "open"

    def tick_until_told(self, num: int) -> list[str]:
        """Tick until nothing is left to say about a discussion; returns why things happened."""
        why: list[str] = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            why += self.bot.tick().summaries
            done = [r for r in self.ledger.load().requests if r.discussion == num and r.reported]
            if done:
                return why
            time.sleep(0.2)
        raise AssertionError(f"not told after {PATIENCE} s: {why}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("story")
    with LocalHub(folder, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        yield Stage(hub, folder)


@pytest.mark.timeout(420)
def test_from_a_name_to_a_result(stage: Stage) -> None:
    num = stage.says("Esperanto")
    stage.bot.tick()
    plan, status = stage.heard(num)
    assert "request for **Esperanto" in plan and "cost **" in plan
    assert "for the teacher to start" in status

    why = stage.tick_until_told(num)

    plan, status, result = stage.heard(num)
    assert "**Status: done**" in status and status.count("| done |") == 4
    assert "**Esperanto is done.**" in result and "chrF++" in result
    assert not stage.open(num)

    # Each step ran once, by one job, and the teacher costs nothing any more.
    jobs = list(stage.api.list_jobs(namespace=ORG))
    assert sorted(job.labels["step"] for job in jobs) == ["check", "evaluate", "generate", "train"]
    assert all(
        len([w for w in why if f"{s} ordered" in w]) == 1 for s in ("check", "generate", "train")
    )
    teacher = stage.api.get_inference_endpoint("kakugo-teacher", namespace=ORG)
    assert teacher.status == "paused"

    # What was pushed says what it is.
    dataset, adapter = names.dataset(ORG, "epo_Latn"), f"{ORG}/kakugo-practice-base-epo_Latn"
    dataset_card = DatasetCard(_readme(stage, dataset, "dataset"))
    model_card = ModelCard(_readme(stage, adapter, "model"))
    assert dataset_card.data.language == ["eo", "en"]  # it holds translations
    assert model_card.data.base_model == f"{ORG}/kakugo-practice-base"
    for card in (dataset_card, model_card):
        assert "practice" in card.text.lower()
    files = stage.api.list_repo_files(adapter)
    assert {"adapter_model.safetensors", "adapter_config.json", "run.json"} <= set(files)

    # Nothing is left unsaid or undone.
    report = stage.bot.tick()
    assert not (report.summaries or report.done or report.postponed or report.more)
    (request,) = [r for r in stage.ledger.load().requests if r.discussion == num]
    assert request.status is Status.DONE
    _asked_again(stage)


def _asked_again(stage: Stage) -> None:
    again = stage.says("esperanto")
    stage.tick_until_told(again)
    (answer,) = stage.heard(again)
    assert "was already requested" in answer and not stage.open(again)


def _readme(stage: Stage, repo: str, repo_type: str) -> str:
    return Path(stage.api.hf_hub_download(repo, "README.md", repo_type=repo_type)).read_text()


def test_what_cannot_be_taken_is_answered_once_and_closed(stage: Stage) -> None:
    before = len(list(stage.api.list_jobs(namespace=ORG)))
    num = stage.says("Welsh")
    stage.tick_until_told(num)
    (answer,) = stage.heard(num)
    assert "no teacher for Welsh" in answer and "Nothing was started" in answer
    assert not stage.open(num)
    assert len(list(stage.api.list_jobs(namespace=ORG))) == before


@pytest.mark.parametrize(
    ("title", "body", "says"),
    [
        ("Welhs", "", "`cym_Latn`"),
        ("Klingonese Martian", "", "I do not know a language"),
        ("Kurdish", "", "several languages"),
        ("hello", "x" * 60_000, "too long"),
    ],
)
def test_what_is_not_clear_is_asked_and_the_answer_is_read(
    stage: Stage, title: str, body: str, says: str
) -> None:
    num = stage.says(title, body)
    stage.bot.tick()
    (question,) = stage.heard(num)
    assert says in question and stage.open(num)
    stage.person.comment_discussion(SPACE, num, "Welsh, please", repo_type="space")
    stage.tick_until_told(num)
    _, answer = stage.heard(num)
    assert "no teacher for Welsh" in answer and not stage.open(num)


def test_cancel_and_help(stage: Stage) -> None:
    num = stage.says("Kurdish")
    for text in ("/help", "/cancel"):
        stage.person.comment_discussion(SPACE, num, text, repo_type="space")
        stage.bot.tick()
    stage.tick_until_told(num)
    said = stage.heard(num)
    assert len(said) == 3 and "`/retry`" in said[1] and "I stopped" in said[2]
    assert not stage.open(num)


def test_a_squashed_ledger_says_the_same(stage: Stage) -> None:
    for title in ("Welsh", "Irish", "Breton"):
        stage.says(title)
        stage.bot.tick()
    before = stage.ledger.load().requests
    assert len(stage.ledger.repo.history()) > 3 and before
    assert stage.ledger.history(before[0].id)
    assert stage.ledger.repo.squash(max_commits=3) and not stage.ledger.repo.squash(max_commits=3)
    assert stage.ledger.load().requests == before
    num = stage.says("Kurdish")
    stage.bot.tick()
    assert "several languages" in stage.heard(num)[0]
