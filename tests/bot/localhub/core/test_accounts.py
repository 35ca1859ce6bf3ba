"""Plans, payment and deleted accounts, and what they change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from huggingface_hub import HfApi, SpaceHardware, get_session
from huggingface_hub.errors import HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, control, status_of, wait_until


@pytest.fixture
def account(hub: LocalHub) -> Iterator[Any]:
    """Change accounts of the shared Hub, which get their plan and payment back afterwards."""
    changed: set[str] = set()

    def change(name: str, **state: Any) -> None:
        changed.add(name)
        control(hub, "account", name=name, **state)

    yield change
    for name in changed:
        plan = "team" if name in ("practice", "guild") else "pro"
        state = {"plan": plan, "canPay": True, "spendLimitReached": False, "deleted": False}
        control(hub, "account", name=name, **state)


def test_whoami_tells_plan_and_payment(alice: HfApi, account: Any) -> None:
    (org,) = alice.whoami()["orgs"]
    assert (org["plan"], org["canPay"], org["spendLimitReached"]) == ("team", True, False)
    account("practice", plan="", canPay=False, spendLimitReached=True)
    (org,) = alice.whoami(cache=False)["orgs"]
    assert "plan" not in org and not org["canPay"] and org["spendLimitReached"]


def test_a_free_account_gets_static_spaces_and_two_on_zero_gpu(bob: HfApi, account: Any) -> None:
    account("bob", plan="", canPay=False)

    def create(name: str, sdk: str = "gradio", **more: Any) -> None:
        bob.create_repo(f"bob/{name}", repo_type="space", space_sdk=sdk, **more)

    for refused in ("gradio", "docker"):
        with pytest.raises(HfHubHTTPError, match="PRO subscription") as error:
            create("refused", refused)
        assert status_of(error) == 402
    create("page", "static")
    for name in ("one", "two"):
        create(name, space_hardware="zero-a10g")
    with pytest.raises(HfHubHTTPError, match="PRO subscription"):
        create("three", space_hardware="zero-a10g")
    with pytest.raises(HfHubHTTPError, match="no way to pay") as error:
        bob.request_space_hardware("bob/one", SpaceHardware.T4_SMALL)
    assert status_of(error) == 402


def test_jobs_are_canceled_at_the_spend_limit_with_the_reason(
    hub: LocalHub, alice: HfApi, account: Any
) -> None:
    def run() -> str:
        command = ["python", "-c", "import time; time.sleep(60)"]
        return alice.run_job(image="python:3.12", command=command, namespace="practice").id

    def status(job_id: str) -> dict[str, Any]:
        url = f"{hub.url}/api/jobs/practice/{job_id}"
        return dict(get_session().get(url, headers=auth_header(hub)).json()["status"])

    running = run()
    wait_until(lambda: status(running)["stage"] == "RUNNING")
    account("practice", spendLimitReached=True)
    assert (status(running)["stage"], status(running)["cancelReason"]) == (
        "CANCELED",
        "SPEND_LIMIT",
    )
    waiting = status(run())
    assert (waiting["stage"], waiting["cancelReason"]) == ("CANCELED", "SPEND_LIMIT")


def test_texts_of_a_deleted_account_have_no_author(
    hub: LocalHub, alice: HfApi, bob: HfApi, repo: str, account: Any
) -> None:
    num = bob.create_discussion(repo, "left behind", description="by bob").num
    account("bob", deleted=True)
    url = f"{hub.url}/api/models/{repo}/discussions"
    (listed,) = get_session().get(url).json()["discussions"]
    thread = get_session().get(f"{url}/{num}").json()
    for item in (listed, thread, thread["events"][0], thread["events"][0]["data"]["latest"]):
        assert "author" not in item
    page = get_session().get(f"{hub.url}/{repo}/discussions/{num}")
    assert page.status_code == 200 and "a deleted account" in page.text
