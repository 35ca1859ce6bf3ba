"""A new version is told where the language was asked for: once, and whichever way it went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from bot import improve, names
from bot.failure import Failure
from bot.hub import tell
from bot.hub.connect import Connection, Refused
from bot.localhub.testing import LocalHub
from bot.replies import improved
from bot.request import Status
from bot.settings import read
from tests.bot import plays

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
    version, promoted = improve.verdict(hub, done)
    assert (version, promoted) == ("v10", False)
    text = improved(version, promoted, done, plays.terms())
    assert "significantly worse" in text and "stays in use" in text
    assert tell.ensure_told(hub, 1, "version10", text)
    assert not tell.ensure_told(hub, 1, "version10", text)
    details = hub.api.get_discussion_details(names.leaderboard(ORG), 1, repo_type="space")
    assert sum("new version of the model" in str(e.__dict__) for e in details.events) == 1


def test_what_was_never_compared_or_is_not_done_is_refused(hub: Connection) -> None:
    with pytest.raises(Refused, match="nothing in"):
        improve.verdict(hub, plays.request(status=Status.DONE))
    compared(hub, ("v2", True), ("vX", True))
    assert improve.verdict(hub, plays.request(status=Status.DONE)) == ("v2", True)


def test_only_what_is_done_is_improved(hub: Connection) -> None:
    with pytest.raises(Failure, match="only what is done"):
        settings = read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": ORG})
        list(improve.improve(hub, settings, plays.terms(), plays.request()))


def test_the_recipes_are_named_with_all_that_they_need() -> None:
    from recipes.cli import parser

    for command in improve.commands(ORG, plays.request(status=Status.DONE)):
        args = parser().parse_args(command[1:])
        assert args.language == "epo_Latn" and args.org == ORG
