"""A whole request, from a discussion to its result, on the local Hub.

The bot, its installation, recipes and jobs are real, with the practice recipe made very small; only
the Hub is the local one. The tests act as a person: they open discussions and read the replies.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import DatasetCard, HfApi, ModelCard

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.recipe import parse
from bot.domain.request import Status
from bot.hub.client import Connection
from bot.hub.ledger_repo import LedgerRepo
from bot.installation.diff import compare
from bot.localhub.testing import LocalHub
from bot.operations import package
from bot.operations.deploy import Deployment, deploy
from bot.settings import Settings
from recipes.validation.recipe_files import PACKAGED
from tests.scenarios.local_scenario import comments_by, labels_of

pytestmark = pytest.mark.xdist_group("end-to-end")

ORG, BOT, PERSON = "practice", "kakugo-bot", "ludoviko"
SPACE = names.leaderboard(ORG)
TIMEOUT_SECONDS = 240.0


def tiny_recipe(folder: Path) -> Path:
    """Write a practice recipe that runs every step but is too small to learn anything."""
    recipe: dict[str, Any] = yaml.safe_load((PACKAGED / "practice.yaml").read_text())
    recipe["generate"]["contexts"]["texts"] = 30
    recipe["generate"]["pairs"]["texts"] = 60
    recipe["generate"]["translations"] = 40
    recipe["train"]["trainer"].update(max_steps=4, warmup_steps=1, logging_steps=2)
    recipe["train"].update(threads=1, processes=1)
    recipe["evaluate"].update(threads=1)
    recipe["evaluate"]["chat"]["requests"] = 2
    for benchmark in recipe["evaluate"]["benchmarks"].values():
        benchmark["limit"] = 6
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe, allow_unicode=True))
    return path


class Environment:
    """A local Hub with an installation, a bot that ticks on request, and a person."""

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
        deployment = Deployment(self.connection, recipe, settings, package.read())
        self.planned = [str(change) for change in compare(*deployment.states())]
        self.deployed = list(deploy(deployment))
        policy = Policy(hub.url, recipe, 50, names.wheel("0.1.0"))
        # On a slow machine, the tests together write more often than a bot should.
        ledger = LedgerRepo(self.connection, names.ledger(ORG), commits_per_hour=1_000)
        self.ledger = Ledger(ledger)
        self.bot = Controller(self.connection, self.ledger, policy)
        self.person = HfApi(endpoint=hub.url, token=hub.token(PERSON))
        self.api = self.connection.api

    def open_discussion(self, title: str, body: str = "") -> int:
        return self.person.create_discussion(SPACE, title, description=body, repo_type="space").num

    def bot_comments(self, num: int) -> list[str]:
        return comments_by(BOT, self.person, num, SPACE)

    def is_open(self, num: int) -> bool:
        return self.person.get_discussion_details(SPACE, num, repo_type="space").status == "open"

    def tick_until_reported(self, num: int) -> list[str]:
        """Tick until the discussion's request is reported; return the summaries of all ticks."""
        summaries: list[str] = []
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            summaries += self.bot.tick().summaries
            requests = self.ledger.load().requests
            if any(r.discussion == num and r.reported for r in requests):
                return summaries
            time.sleep(2)  # a tick costs more than a moment of waiting
        raise AssertionError(f"not reported after {TIMEOUT_SECONDS} s: {summaries}")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    folder = tmp_path_factory.mktemp("end-to-end")
    with LocalHub(folder, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        yield Environment(hub, folder)


def test_what_was_planned_is_deployed(environment: Environment) -> None:
    """Also the recipe's setup, which other tests leave out."""
    assert environment.deployed == [*environment.planned, "deployed"]


@pytest.mark.timeout(420)
def test_a_language_name_leads_to_a_result(environment: Environment) -> None:
    num = environment.open_discussion("Esperanto")
    environment.bot.tick()
    plan, status = environment.bot_comments(num)
    assert "asking for **Esperanto" in plan and "cost **" in plan
    assert "for the teacher to start" in status

    summaries = environment.tick_until_reported(num)

    plan, status, result = environment.bot_comments(num)
    assert "**Status: done**" in status and status.count("| done |") == 4
    assert "**Esperanto is done.**" in result and "chrF++" in result
    assert not environment.is_open(num)

    # Each step ran once, as one job, and the teacher is paused.
    jobs = list(environment.api.list_jobs(namespace=ORG))
    assert sorted(labels_of(job)["name"] for job in jobs) == [
        f"kakugo-r{num}-{step}" for step in ("check", "evaluate", "generate", "train")
    ]
    for step in ("check", "generate", "train"):
        assert sum(f"{step} ordered" in summary for summary in summaries) == 1
    teacher = environment.api.get_inference_endpoint("kakugo-teacher", namespace=ORG)
    assert teacher.status == "paused"

    # The cards describe what was pushed.
    dataset, adapter = names.dataset(ORG, "epo_Latn"), f"{ORG}/kakugo-practice-base-epo_Latn"
    dataset_card = DatasetCard(_readme(environment, dataset, "dataset"))
    model_card = ModelCard(_readme(environment, adapter, "model"))
    assert vars(dataset_card.data)["language"] == ["eo", "en"]  # it has translations
    assert vars(model_card.data)["base_model"] == f"{ORG}/kakugo-practice-base"
    for card in (dataset_card, model_card):
        assert "practice" in card.text.lower()
    files = environment.api.list_repo_files(adapter)
    assert {"adapter_model.safetensors", "adapter_config.json", "run.json"} <= set(files)

    # Nothing is left to do, but for a cost that has become known since: one tick settles and shows
    # it, the next records that the reply was updated.
    for _ in range(2):
        environment.bot.tick()
    report = environment.bot.tick()
    assert not (report.summaries or report.done or report.postponed or report.more)
    (request,) = [r for r in environment.ledger.load().requests if r.discussion == num]
    assert request.status is Status.DONE
    _check_spaces(environment, adapter)
    _request_again(environment)


def _check_spaces(environment: Environment, repo: str) -> None:
    """The Spaces read what the recipes have written."""
    chat_settings, model_registry, leaderboard_settings, hub_source = (
        import_module(name)
        for name in ("chat_settings", "model_registry", "leaderboard_settings", "hub_source")
    )
    connection = environment.connection
    env = {"KAKUGO_ORG": ORG, "HF_ENDPOINT": connection.endpoint, "HF_TOKEN": connection.token}
    registry = model_registry.ModelRegistry(chat_settings.ChatSettings.read(env))
    registry.refresh()
    (adapter,) = [each for each in registry.adapters if each.repo == repo]
    assert (adapter.code, adapter.practice) == ("epo_Latn", True)
    assert adapter.base == f"{ORG}/kakugo-practice-base"
    assert registry.examples(adapter)

    source = hub_source.HubSource(leaderboard_settings.LeaderboardSettings.read(env))
    source.refresh()
    snapshot = source.snapshot()
    assert not snapshot.problem and not snapshot.leaderboard.unreadable_files
    (entry,) = [each for each in snapshot.leaderboard.entries if each.model == repo]
    assert (entry.code, entry.practice, entry.version_count) == ("epo_Latn", True, 1)
    assert len(entry.scores) >= 4 and entry.gain is not None


def _request_again(environment: Environment) -> None:
    again = environment.open_discussion("esperanto")
    environment.tick_until_reported(again)
    (answer,) = environment.bot_comments(again)
    assert "was already requested" in answer and not environment.is_open(again)


def _readme(environment: Environment, repo: str, repo_type: str) -> str:
    return Path(environment.api.hf_hub_download(repo, "README.md", repo_type=repo_type)).read_text()


def test_a_language_without_a_teacher_is_declined_and_closed(environment: Environment) -> None:
    before = len(list(environment.api.list_jobs(namespace=ORG)))
    num = environment.open_discussion("Welsh")
    environment.tick_until_reported(num)
    (answer,) = environment.bot_comments(num)
    assert "cannot teach Welsh" in answer and "Nothing was started" in answer
    assert not environment.is_open(num)
    assert len(list(environment.api.list_jobs(namespace=ORG))) == before


@pytest.mark.parametrize(
    ("title", "body", "phrase"),
    [
        ("Welhs", "", "`cym_Latn`"),
        ("Klingonese Martian", "", "I do not know a language"),
        ("Kurdish", "", "several languages"),
        ("hello", "x" * 60_000, "too long"),
    ],
)
def test_an_unclear_title_leads_to_a_question_whose_answer_is_read(
    environment: Environment, title: str, body: str, phrase: str
) -> None:
    num = environment.open_discussion(title, body)
    environment.bot.tick()
    (question,) = environment.bot_comments(num)
    assert phrase in question and environment.is_open(num)
    environment.person.comment_discussion(SPACE, num, "Welsh, please", repo_type="space")
    environment.tick_until_reported(num)
    _, answer = environment.bot_comments(num)
    assert "cannot teach Welsh" in answer and not environment.is_open(num)


def test_help_and_cancel_are_answered(environment: Environment) -> None:
    num = environment.open_discussion("Kurdish")
    for text in ("/help", "/cancel"):
        environment.person.comment_discussion(SPACE, num, text, repo_type="space")
        environment.bot.tick()
    environment.tick_until_reported(num)
    comments = environment.bot_comments(num)
    assert len(comments) == 3 and "`/retry`" in comments[1] and "I stopped" in comments[2]
    assert not environment.is_open(num)


def test_a_squashed_ledger_has_the_same_requests(environment: Environment) -> None:
    for title in ("Welsh", "Irish", "Breton"):
        environment.open_discussion(title)
        environment.bot.tick()
    before = environment.ledger.load().requests
    assert len(environment.ledger.repo.history()) > 3 and before
    assert environment.ledger.history(before[0].id)
    assert environment.ledger.repo.squash(max_commits=3) and not environment.ledger.repo.squash(
        max_commits=3
    )
    assert environment.ledger.load().requests == before
    num = environment.open_discussion("Kurdish")
    environment.bot.tick()
    assert "several languages" in environment.bot_comments(num)[0]
