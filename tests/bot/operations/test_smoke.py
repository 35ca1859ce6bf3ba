"""A smoke test on the local Hub: each step, its cost, what it writes down, and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain import recipe as recipes
from bot.hub import install, uninstall
from bot.hub.client import Connection, Refused
from bot.hub.recording import scrub
from bot.installation.state import Checkout, wheel_of
from bot.localhub.testing import LocalHub
from bot.operations import smoke, smoke_steps
from bot.settings import read
from tests.bot.localhub.contract.test_recorded import findings

BOT, ORG = "kakugo-bot", "scratch"
WHEEL = wheel_of("kakugo_bot-0-py3-none-any.whl", b"wheel")
CHECKOUT = Checkout(WHEEL, b"wheel", b"idna==3.20\n", {})


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    folder = tmp_path_factory.mktemp("smoke")
    with LocalHub(folder, orgs={ORG: (BOT,), "inuse": (BOT,)}) as running:
        yield running


def prepare(hub: LocalHub, org: str = ORG, recipe: str = "practice") -> smoke.Smoke:
    env = {"HF_TOKEN": hub.token(BOT), "HF_ENDPOINT": hub.url, "KAKUGO_ORG": org}
    settings = read(env)
    endpoints = f"{hub.url}/endpoints-api/v2"
    connection = Connection(hub.url, org, hub.token(BOT), hub.token(BOT), endpoints)
    test = smoke.prepare(connection, recipes.load(recipe, org), settings, CHECKOUT)
    return replace(test, poll_seconds=0.1)


@pytest.mark.slow
def test_every_step_works_on_the_local_hub_and_nothing_is_left(
    hub: LocalHub, tmp_path: Path
) -> None:
    test = prepare(hub)
    results = {result.step: result for result in smoke.run(test, 3.0, tmp_path)}
    assert {r.step: r.answer for r in results.values() if r.mark != "ok"} == {}
    assert "strangers got 4" in results["endpoint"].answer
    assert 0 < sum(result.usd for result in results.values()) <= test.bound_usd < 1
    recorded = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.json")}
    assert recorded.keys() == results.keys() and not findings(tmp_path)
    text = "".join(recorded.values())
    assert hub.token(BOT) not in text and ORG not in text and BOT not in text
    assert any(
        answer["path"].startswith("/endpoints-api") for answer in json.loads(recorded["endpoint"])
    )
    assert_nothing_is_left(test)


def assert_nothing_is_left(test: smoke.Smoke) -> None:
    hub = test.hub
    assert not uninstall.list_repos(hub) and not uninstall.list_alive_jobs(hub)
    assert not hub.api.list_inference_endpoints(namespace=hub.org)
    assert not hub.get("settings/webhooks")[0]


def test_interrupted_run_is_cleaned_up_by_itself_and_a_killed_one_by_the_next(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(probe: smoke_steps.Probe) -> str:
        smoke_steps.repos(probe)
        raise KeyboardInterrupt

    test = prepare(hub)
    broken = replace(test.steps[0], run=interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(smoke.run(replace(test, steps=(broken,)), 3.0, tmp_path))
    assert_nothing_is_left(test)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(smoke, "clean", lambda _: None)  # as if it had been killed
        list(smoke.run(replace(test, steps=(broken,)), 3.0, tmp_path))
    assert uninstall.list_repos(test.hub)
    smoke.clean(prepare(hub))
    assert_nothing_is_left(test)


def test_repos_that_the_listing_does_not_show_yet_are_deleted(
    hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = prepare(hub)
    with monkeypatch.context() as patch:
        patch.setattr(uninstall, "list_repos", lambda _: [])
        (result,) = smoke.run(replace(test, steps=test.steps[:1]), 3.0, tmp_path)
    assert result.mark == "ok"
    assert_nothing_is_left(test)


def test_namespace_with_an_installation_is_refused(hub: LocalHub) -> None:
    connection = Connection(hub.url, "inuse", hub.token(BOT), "")
    install.create_dataset(connection, "inuse/kakugo-requests")
    with pytest.raises(Refused, match="inuse has an installation"):
        prepare(hub, "inuse")


def test_steps_above_the_cap_without_a_price_or_without_what_they_need_are_skipped(
    hub: LocalHub, tmp_path: Path
) -> None:
    def fail(_: smoke_steps.Probe) -> str:
        raise smoke_steps.StepFailed("no")

    step = smoke_steps.SmokeStep("dear", "nothing", 3600, 5.0, fail)
    steps = [
        replace(step, name="unknown", usd_per_hour=None),
        step,
        replace(step, name="needed", usd_per_hour=0.0, needed=True),
        replace(step, name="later", usd_per_hour=0.0),
    ]
    results = list(smoke.run(replace(prepare(hub), steps=tuple(steps)), 3.0, tmp_path))
    assert [(result.step, result.mark) for result in results] == [
        ("unknown", "skipped"), ("dear", "skipped"), ("needed", "failed"), ("later", "skipped")
    ]  # fmt: skip
    assert "it may cost $5.00, and $3.00 are left" in smoke.line(results[1])


def test_real_recipe_stays_below_three_dollars(hub: LocalHub) -> None:
    test = prepare(hub, recipe="kakugo")
    names = [step.name for step in test.steps]
    assert [name for name in names if name.startswith("cuda")] == ["cuda h200", "cuda l40sx1"]
    assert all(step.bound_usd is not None for step in test.steps)
    assert 2.0 < test.bound_usd <= 3.0
    lines = list(smoke.price_lines(test, 3.0))
    assert len(lines) == len(names) + 1 and "never more than $3.00" in lines[-1]


@pytest.mark.parametrize(
    "body, clean",
    [
        ({"token": "x", "n": 1}, {"token": "hidden", "n": 1}),
        ({"a": ["mail me@example.org", "hf_abcdefgh"]}, {"a": ["mail hidden", "hidden"]}),
        ({"log": "https://u:p@host, ghp_abcdefgh"}, {"log": "https://hidden@host, hidden"}),
        ({"id": "me/x", "who": "someone"}, {"id": "ORG/x", "who": "someone"}),
        ({"orgs": [{"name": "x", "n": 2}]}, {"orgs": [{"name": "hidden", "n": 2}]}),
        ({"text": "s3cret at me-x.hf.space, some"}, {"text": "hidden at ORG-x.hf.space, some"}),
    ],
)
def test_answers_are_written_without_secrets_and_people(body: Any, clean: Any) -> None:
    assert scrub(body, {"me": "ORG"}, ("s3cret",)) == clean
