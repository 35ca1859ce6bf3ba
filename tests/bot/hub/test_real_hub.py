"""What the real Hub does and the client does not tell: the bot's calls on a strict local Hub."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import HfApi, get_session

from bot.domain import names
from bot.domain.observation import Job, JobStage
from bot.domain.recipe import EndpointSpec
from bot.domain.request import Step
from bot.hub import install, inventory
from bot.hub.client import Connection, Refused, TryLater, translated
from bot.hub.discussions import DiscussionReader
from bot.hub.ledger_repo import LedgerRepo
from bot.hub.observe import cancel_reason, logs_to_read
from bot.hub.probes import Offer, examine
from bot.installation.state import Endpoint, Webhook
from bot.localhub.testing import LocalHub
from tests.bot import examples
from tests.bot.localhub.helpers import auth_header, control

BOT, ORG = "kakugo-bot", "practice"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("real"), orgs={ORG: (BOT, "alice")}) as running:
        yield running


@pytest.fixture
def wire(hub: LocalHub) -> Connection:
    endpoints = f"{hub.url}/endpoints-api/v2"
    return Connection(hub.url, ORG, hub.token(BOT), "", endpoints)


def read(hub: LocalHub, path: str) -> Any:
    """Return what the API answers, as the client does not pass it on."""
    return get_session().get(f"{hub.url}/{path}", headers=auth_header(hub)).json()


def spec(name: str) -> EndpointSpec:
    teacher = examples.programme().teacher
    return replace(teacher, name=name, command=("sleep", "60"), usd_per_hour=0.0)


# ── the teacher ──────────────────────────────────────────────────────────────────────────────


def test_the_teacher_is_private_ready_when_it_answers_and_sleeps_by_itself(
    hub: LocalHub, wire: Connection
) -> None:
    wanted = Endpoint(spec("fresh"))
    install.ensure_endpoint(wire, wanted, None)
    made = read(hub, "endpoints-api/v2/endpoint/practice/fresh")
    assert (made["type"], made["healthRoute"], made["status"]["state"]) == (
        "private",
        "/health",
        "paused",
    )
    assert made["model"]["image"]["custom"]["port"] == 80
    assert made["compute"]["scaling"] == {
        "minReplica": 0, "maxReplica": 1, "scaleToZeroTimeout": 15,
    }  # fmt: skip
    assert inventory.endpoint(wire, "fresh") == wanted


@pytest.mark.parametrize(
    "old", [{"access": "authenticated"}, {"health_route": ""}, {"idle_minutes": 60}]
)
def test_an_older_endpoint_gets_what_it_lacks(wire: Connection, old: dict[str, Any]) -> None:
    name = "old-" + next(iter(old)).replace("_", "-")
    before = replace(Endpoint(spec(name)), **old)
    install.ensure_endpoint(wire, before, None)
    seen = inventory.endpoint(wire, name)
    assert seen == before
    install.ensure_endpoint(wire, Endpoint(spec(name)), seen)
    assert inventory.endpoint(wire, name) == Endpoint(spec(name))


def test_the_doctor_knows_whether_the_hardware_can_be_had(hub: LocalHub, wire: Connection) -> None:
    def offer(**changes: str) -> Offer | str | None:
        h200 = {"accelerator": "gpu", "instance_type": "nvidia-h200", "instance_size": "x1"}
        teacher = replace(examples.programme().teacher, **{**h200, **changes})
        return examine(wire, {}, teacher).offer

    assert offer() == Offer(5.0)
    assert offer(region="us-west-9") is None
    assert offer(region="eu-west-1") == Offer(5.0, "is not available")
    assert offer(instance_type="nvidia-h100") == Offer(10.0, "is deprecated")
    control(hub, "account", name=ORG, canPay=False)
    try:
        refused = offer()
    finally:
        control(hub, "account", name=ORG, canPay=True)
    assert refused == Offer(5.0, "is beyond the quota of this namespace (0 of 0 are in use)")


# ── webhooks ─────────────────────────────────────────────────────────────────────────────────


def test_a_webhook_settles_although_its_secret_is_never_returned(wire: Connection) -> None:
    watched = frozenset({("space", names.leaderboard(ORG))})
    wanted = Webhook("http://127.0.0.1:9/webhook", None, watched, ("discussion",), "abc")
    install.ensure_webhook(wire, wanted, None, "hush", {})
    (seen,) = inventory.webhooks(wire)
    assert replace(seen, id="") == wanted
    other = replace(wanted, secret="def")
    install.ensure_webhook(wire, other, seen, "other", {})
    (seen,) = inventory.webhooks(wire)
    assert replace(seen, id="") == other
    wire.api.delete_webhook(seen.id)


# ── discussions ──────────────────────────────────────────────────────────────────────────────


def test_pinned_discussions_and_deleted_authors_change_nothing(
    hub: LocalHub, wire: Connection
) -> None:
    space = names.leaderboard(ORG)
    wire.api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
    bob = HfApi(endpoint=hub.url, token=hub.token("bob"))
    nums = [
        bob.create_discussion(space, f"Language {n}", description="please", repo_type="space").num
        for n in range(60)
    ]
    url = f"{hub.url}/api/spaces/{space}/discussions/{nums[0]}/pin"
    get_session().post(url, json={"pinned": True}, headers=auth_header(hub)).raise_for_status()
    control(hub, "account", name="bob", deleted=True)
    pages = "control/calls?method=GET&path=/discussions$"
    before = read(hub, pages)["count"]
    try:
        shown, gone = DiscussionReader().read(wire, [], nums[1:], time.time())
    finally:
        control(hub, "account", name="bob", deleted=False)
    assert list(shown) == [nums[0]] and not gone
    assert (shown[nums[0]].author, shown[nums[0]].body) == ("", "please")
    assert read(hub, pages)["count"] - before == 2, "one for each page"


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────


def test_why_the_hub_cancelled_a_job_is_read(hub: LocalHub, wire: Connection) -> None:
    control(hub, "account", name=ORG, spendLimitReached=True)
    try:
        job = wire.api.run_job(image="x", command=["true"], namespace=ORG)
    finally:
        control(hub, "account", name=ORG, spendLimitReached=False)
    assert job.status.stage == "CANCELED"
    assert cancel_reason(wire, job.id) == "SPEND_LIMIT"


def test_a_tick_reads_few_logs_of_running_jobs_and_all_of_failed_ones() -> None:
    def job(number: int, stage: JobStage) -> Job:
        return Job(f"j{number}", "", "r1", Step.TRAIN, number, stage, 0.0)

    jobs = [job(n, JobStage.RUNNING) for n in range(5)] + [job(9, JobStage.ERROR)]
    turns = [logs_to_read(jobs, 60.0 * minute) for minute in range(5)]
    assert all(len(turn) == 3 and "j9" in turn for turn in turns)
    assert frozenset().union(*turns) == {job.id for job in jobs}
    assert logs_to_read([], 0.0) == frozenset()


# ── limits ───────────────────────────────────────────────────────────────────────────────────


def test_the_doctor_asks_for_each_token_once(hub: LocalHub, wire: Connection) -> None:
    _ = wire.me
    before = read(hub, "control/calls?path=whoami")["count"]
    tokens = {"HF_TOKEN": hub.token(BOT), "KAKUGO_BOT_TOKEN": hub.token(BOT)}
    tokens["KAKUGO_JOB_TOKEN"] = hub.read_token(BOT)
    facts = examine(wire, tokens, examples.programme().teacher)
    assert read(hub, "control/calls?path=whoami")["count"] - before == 1
    assert not isinstance(facts.allowance, str) and 0 < facts.allowance.calls < 10_000
    assert isinstance(facts.skew, float) and abs(facts.skew) < 3


def test_a_card_that_the_hub_refuses_is_no_reason_to_try_again(wire: Connection) -> None:
    wire.api.create_repo(f"{ORG}/card")
    card = b"---\nlanguage: zh-Hans\n---\n"
    with pytest.raises(Refused, match=re.escape('"language" with value "zh-Hans" is not valid')):
        with translated("write the card"):
            wire.api.upload_file(
                path_or_fileobj=card, path_in_repo="README.md", repo_id=f"{ORG}/card"
            )


def test_commits_to_the_ledger_are_spread_over_the_hour(hub: LocalHub) -> None:
    now = [1_000.0]
    wire = Connection(hub.url, ORG, hub.token(BOT), "", clock=lambda: now[0])
    wire.api.create_repo(f"{ORG}/paced", repo_type="dataset")
    repo = LedgerRepo(wire, f"{ORG}/paced", commits_per_hour=4)

    def write() -> None:
        assert repo.swap(repo.head(), {"a.json": str(time.monotonic_ns())}, "Write")

    for _ in range(2):
        write()
    with pytest.raises(TryLater, match="was written 2 times in an hour") as error:
        write()
    assert error.value.after == pytest.approx(1800)
    now[0] += 1801
    write()
    with pytest.raises(TryLater):
        write()
    now[0] += 1800  # the first two are an hour ago
    write()
