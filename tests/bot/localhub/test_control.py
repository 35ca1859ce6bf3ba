"""What tests of other programs may ask of the Hub: faults, lag, counts, clock, a fresh start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A Hub that only these tests disturb."""
    with LocalHub(tmp_path_factory.mktemp("control")) as running:
        yield running


@pytest.fixture
def api(own_hub: LocalHub) -> Iterator[HfApi]:
    control(own_hub, "reset")
    yield HfApi(endpoint=own_hub.url, token=own_hub.token("alice"))
    control(own_hub, "reset")


def control(hub: LocalHub, what: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    answer = get_session().post(f"{hub.url}/control/{what}", json=body, headers=headers)
    answer.raise_for_status()
    return answer.json()


def test_the_next_calls_fail(own_hub: LocalHub, api: HfApi) -> None:
    control(own_hub, "faults", path="^/api/repos/create$", status=503, times=2)
    for _ in range(2):
        with pytest.raises(HfHubHTTPError) as error:
            api.create_repo("alice/failing")
        assert error.value.response.status_code == 503
    assert not api.repo_exists("alice/failing")
    api.create_repo("alice/failing")


def test_an_answer_is_lost_after_the_deed(own_hub: LocalHub, api: HfApi) -> None:
    api.create_repo("alice/lost")
    control(own_hub, "faults", path="/commit/main$", method="post", cut=10)
    with pytest.raises(httpx2.HTTPError):
        api.create_commit(
            "alice/lost", operations=[CommitOperationAdd("a", b"a")], commit_message="a"
        )
    assert api.list_repo_files("alice/lost") == [".gitattributes", "a"]


def test_a_call_waits(own_hub: LocalHub, api: HfApi) -> None:
    control(own_hub, "faults", path="whoami", delay=0.4)
    start = time.monotonic()
    api.whoami()
    assert time.monotonic() - start >= 0.4


def test_a_listing_lags(own_hub: LocalHub, api: HfApi) -> None:
    control(own_hub, "faults", path="^/api/models$", lag=0.5, times=100)
    before = [m.id for m in api.list_models(author="alice")]
    api.create_repo("alice/late")
    assert [m.id for m in api.list_models(author="alice")] == before
    time.sleep(0.6)
    assert "alice/late" in [m.id for m in api.list_models(author="alice")]


def test_calls_are_counted(own_hub: LocalHub, api: HfApi) -> None:
    for _ in range(3):
        api.whoami(cache=False)
    headers = {"Authorization": f"Bearer {own_hub.token('alice')}"}
    answer = get_session().get(
        f"{own_hub.url}/control/calls", params={"path": "whoami"}, headers=headers
    )
    assert answer.json() == {"count": 3, "calls": {"GET /api/whoami-v2": 3}}


def test_the_clock(own_hub: LocalHub, api: HfApi) -> None:
    control(own_hub, "clock", freeze="2030-01-01T00:00:00+00:00")
    control(own_hub, "clock", advance=60)
    api.create_repo("alice/future")
    assert str(api.model_info("alice/future").created_at) == "2030-01-01 00:01:00+00:00"
    control(own_hub, "clock", reset=True)
    created = api.model_info("alice/future").created_at
    assert created is not None and created.year == 2030


def test_control_wants_a_token(own_hub: LocalHub) -> None:
    for path in ("faults", "clock", "reset"):
        assert get_session().post(f"{own_hub.url}/control/{path}", json={}).status_code == 401
    assert get_session().get(f"{own_hub.url}/control/calls").status_code == 401


@pytest.mark.parametrize(
    "body", [{"path": "("}, {"times": "many"}, {"status": 200}, {"colour": 1}, {"delay": []}]
)
def test_a_fault_that_is_none(own_hub: LocalHub, api: HfApi, body: dict[str, Any]) -> None:
    with pytest.raises(httpx2.HTTPStatusError) as error:
        control(own_hub, "faults", **body)
    assert error.value.response.status_code == 400
    assert api.whoami(cache=False)["name"] == "alice"


def test_everything_but_the_accounts_can_be_forgotten(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        api.create_repo("alice/gone")
        api.create_discussion("alice/gone", title="gone too")
        control(hub, "reset", data=True)
        assert not api.repo_exists("alice/gone")
        api.create_repo("alice/gone")
        assert list(api.get_repo_discussions("alice/gone")) == []
        assert api.create_discussion("alice/gone", title="first").num == 1
