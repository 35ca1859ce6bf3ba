"""The test controls: faults, lag, counts, clock, reset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, get_session
from huggingface_hub.errors import HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, control, status_of


@pytest.fixture(autouse=True)
def reset(hub: LocalHub) -> Iterator[None]:
    """Clear faults, counts and the clock before and after each test."""
    control(hub, "reset")
    yield
    control(hub, "reset")


def test_next_calls_fail(hub: LocalHub, alice: HfApi) -> None:
    control(hub, "faults", path="^/api/repos/create$", status=503, times=2)
    for _ in range(2):
        with pytest.raises(HfHubHTTPError) as error:
            alice.create_repo("alice/failing")
        assert status_of(error) == 503
    assert not alice.repo_exists("alice/failing")
    alice.create_repo("alice/failing")


def test_cut_call_is_performed_but_its_response_is_lost(hub: LocalHub, alice: HfApi) -> None:
    alice.create_repo("alice/lost")
    control(hub, "faults", path="/commit/main$", method="post", cut=10)
    with pytest.raises(httpx2.HTTPError):
        alice.create_commit(
            "alice/lost", operations=[CommitOperationAdd("a", b"a")], commit_message="a"
        )
    assert alice.list_repo_files("alice/lost") == [".gitattributes", "a"]


def test_delayed_call_waits(hub: LocalHub, alice: HfApi) -> None:
    control(hub, "faults", path="whoami", delay=0.4)
    start = time.monotonic()
    alice.whoami()
    assert time.monotonic() - start >= 0.4


def test_lagging_listing_repeats_an_earlier_response(hub: LocalHub, alice: HfApi) -> None:
    control(hub, "faults", path="^/api/models$", lag=0.5, times=100)
    before = [m.id for m in alice.list_models(author="alice")]
    alice.create_repo("alice/late")
    assert [m.id for m in alice.list_models(author="alice")] == before
    time.sleep(0.6)
    assert "alice/late" in [m.id for m in alice.list_models(author="alice")]


def test_calls_are_counted(hub: LocalHub, alice: HfApi) -> None:
    for _ in range(3):
        alice.whoami(cache=False)
    url = f"{hub.url}/control/calls?path=whoami"
    assert get_session().get(url, headers=auth_header(hub)).json() == {
        "count": 3,
        "calls": {"GET /api/whoami-v2": 3},
    }


def test_clock_can_be_frozen_and_advanced(hub: LocalHub, alice: HfApi) -> None:
    control(hub, "clock", freeze="2030-01-01T00:00:00+00:00")
    control(hub, "clock", advance=60)
    alice.create_repo("alice/future")
    assert str(alice.model_info("alice/future").created_at) == "2030-01-01 00:01:00+00:00"
    control(hub, "clock", reset=True)
    created = alice.model_info("alice/future").created_at
    assert created is not None and created.year == 2030


def test_controls_need_a_token(hub: LocalHub) -> None:
    for path in ("faults", "clock", "reset"):
        assert get_session().post(f"{hub.url}/control/{path}", json={}).status_code == 401
    assert get_session().get(f"{hub.url}/control/calls").status_code == 401


@pytest.mark.parametrize(
    "body", [{"path": "("}, {"times": "many"}, {"status": 200}, {"colour": 1}, {"delay": []}]
)
def test_invalid_fault_is_rejected(hub: LocalHub, alice: HfApi, body: dict[str, Any]) -> None:
    with pytest.raises(httpx2.HTTPStatusError) as error:
        control(hub, "faults", **body)
    assert error.value.response.status_code == 400
    assert alice.whoami(cache=False)["name"] == "alice"


def test_reset_deletes_everything_but_the_accounts(hub: LocalHub, alice: HfApi) -> None:
    alice.create_repo("alice/deleted")
    alice.create_discussion("alice/deleted", title="another")
    control(hub, "reset", data=True)
    assert not alice.repo_exists("alice/deleted")
    alice.create_repo("alice/deleted")
    assert list(alice.get_repo_discussions("alice/deleted")) == []
    assert alice.create_discussion("alice/deleted", title="first").num == 1
