"""An installation: interrupted while it is deployed, damaged, destroyed and deployed again."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import HfApi

from bot.domain import names
from bot.hub.client import Refused, TryLater
from bot.localhub.testing import LocalHub
from bot.operations.deploy import check
from bot.operations.destroy import destroy, plan_removal
from bot.settings import SettingsError
from tests.scenarios.installation_env import BOT, PERSON, House

pytestmark = pytest.mark.xdist_group("installation")

DONE = "nothing to do: the installation is up to date"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {name: (BOT,) for name in ("cut", "killed", "ill", "left", "emptied", "poor")}
    server = LocalHub(tmp_path_factory.mktemp("site"), users=(BOT, PERSON), orgs=orgs)
    with server:
        yield server


def test_wherever_a_call_fails_the_next_deploy_goes_on(hub: LocalHub) -> None:
    """Each of these calls is performed and its answer lost, or not performed, once."""
    house = House.of(hub, "cut", KAKUGO_RUN="webhook-job")
    for path, method, how in (
        ("/api/repos/create", "POST", {"status": 500}),
        ("/kakugo-code/commit/", "POST", {"cut": 10}),
        ("/endpoint/cut", "POST", {"cut": 10}),
        ("/kakugo-teacher/pause", "POST", {"status": 503}),
        ("/spaces/cut/kakugo/variables", "POST", {"cut": 10}),
        ("/spaces/cut/kakugo/commit/", "POST", {"status": 500}),
        ("/api/jobs/cut", "POST", {"cut": 10}),
        ("/api/settings/webhooks", "POST", {"cut": 10}),
    ):
        house.control("faults", {"path": path, "method": method, "times": 1, **how})
        with pytest.raises(TryLater):
            house.deploys()
    house.deploys()
    assert house.deploys() == [DONE]
    state = house.state()
    assert len(state["webhooks"]) == 1 and state["endpoints"] == [("kakugo-teacher", "paused")]


def test_killed_in_the_middle_it_goes_on(hub: LocalHub) -> None:
    house = House.of(hub, "killed")
    command = [sys.executable, "-m", "bot.cli", "deploy"]
    process = subprocess.Popen(
        command, env=house.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    seen = [next(process.stdout) for _ in range(6)]
    process.kill()
    process.wait()
    process.stdout.close()
    assert seen[-1].startswith("+ create wheel")
    done = house.deploys()
    assert done[-2:] == [
        "deployed",
        "KAKUGO_WEBHOOK_URL is not set: the bot will look for news every 40 seconds",
    ]
    assert not [line for line in done if "dataset" in line or "wheel" in line]
    assert {line[0] for line in house.lines()} == {"="}


# ── the doctor ───────────────────────────────────────────────────────────────────────────────

RING = "http://127.0.0.1:9/webhook"
Plant = Callable[[HfApi, str], object]


def _push_another_wheel(api: HfApi, _: str) -> None:
    api.upload_file(
        path_or_fileobj=b"other bytes", path_in_repo=names.wheel("0.1.0"),
        repo_id="ill/kakugo-code", repo_type="dataset",
    )  # fmt: skip


def _update(api: HfApi, hook: str, **changes: Any) -> object:
    """Update a webhook: an update needs what it watches, and keeps all that is left out."""
    watched = [{"type": "space", "name": "ill/kakugo"}]
    return api.update_webhook(hook, **{"watched": watched, "domains": ["discussion"], **changes})


# What the doctor must say, and how it comes about; the second argument is the webhook's id.
OF_THE_WEBHOOK: dict[str, Plant] = {
    "it is disabled": lambda api, hook: api.disable_webhook(hook),
    "it calls http://else/webhook": lambda api, hook: _update(
        api, hook, url="http://else/webhook?secret-version=1"
    ),
    "its secret is different": lambda api, hook: _update(api, hook, secret=""),
    "it watches other events": lambda api, hook: _update(api, hook, domains=["repo"]),
    f"webhook {RING} is missing": lambda api, hook: api.delete_webhook(hook),
}
OF_THE_REST: dict[str, Plant] = {
    "it differs from this checkout": _push_another_wheel,
    "Space ill/kakugo-chat is paused": lambda api, _: api.pause_space("ill/kakugo-chat"),
    "variables KAKUGO_ORG": lambda api, _: api.add_space_variable("ill/kakugo", "KAKUGO_ORG", "x"),
    "files app.py": lambda api, _: api.delete_file("app.py", "ill/kakugo", repo_type="space"),
    "instance type is 'intel-icl', health route is '', it is awake, but": lambda api, _: (
        api.update_inference_endpoint(
            "kakugo-teacher",
            namespace="ill",
            instance_type="intel-icl",
            custom_image={"url": "python:3.11-slim", "port": 80},
        ),
        api.resume_inference_endpoint("kakugo-teacher", namespace="ill"),
    ),
    "dataset ill/kakugo-results is missing": lambda api, _: api.delete_repo(
        "ill/kakugo-results", repo_type="dataset"
    ),
}


def test_the_doctor_has_a_sentence_for_each_fault_and_deploy_the_cure(hub: LocalHub) -> None:
    house = House.of(hub, "ill", KAKUGO_WEBHOOK_URL=RING)
    house.deploys()
    assert not _complaints(house)
    api = house.wire.api
    for text, plant in OF_THE_WEBHOOK.items():
        plant(api, house.state()["webhooks"][0].id)
        (complaint,) = _complaints(house)
        assert text in complaint and "run `kakugo deploy`" in complaint
        house.deploys()
    for plant in OF_THE_REST.values():
        plant(api, "")
    complaints = "\n".join(_complaints(house))
    for text in OF_THE_REST:
        assert text in complaints
    house.deploys()
    assert not _complaints(house)


def test_the_doctor_tells_what_a_token_lacks_and_never_the_token(hub: LocalHub) -> None:
    house = House.of(
        hub, "ill", KAKUGO_JOB_TOKEN="hf_nobodys", KAKUGO_BOT_TOKEN=hub.read_token(BOT)
    )
    complaints = _complaints(house)
    text = "\n".join(complaints)
    assert "KAKUGO_JOB_TOKEN does not work" in text and "401" in text
    assert "KAKUGO_BOT_TOKEN lacks" in text and "job.write on ill" in text
    stranger = House.of(hub, "ill", HF_TOKEN=hub.token(PERSON))
    told = "\n".join(_complaints(stranger))
    assert f"belongs to {PERSON}, who cannot write to ill" in told
    assert "The installation cannot be read" in told
    assert "hf_" not in text + told


def test_the_doctor_sees_a_late_clock_and_a_closed_community_tab(hub: LocalHub) -> None:
    house = House.of(hub, "ill")
    late = replace(house.wire, clock=lambda: time.time() + 100)
    house.control("faults", {"path": "/spaces/ill/kakugo/discussions", "times": 1, "status": 403})
    found = check(replace(house.deployment, hub=late))
    text = "\n".join(str(finding) for finding in found if finding.level == "bad")
    assert re.search(r"clock is (99|100|101) s ahead of the Hub's", text)
    assert "Nobody can request a language" in text


def test_a_free_namespace_is_told_so_before_anything_is_made(hub: LocalHub) -> None:
    house = House.of(hub, "poor", KAKUGO_WEBHOOK_URL=RING)
    house.control("account", {"name": "poor", "plan": "", "canPay": False})
    with pytest.raises(Refused, match="poor has no plan, .* poor has no payment method"):
        house.deploys()
    state = house.state()
    assert not (state["heads"] or state["endpoints"] or state["webhooks"])
    assert "poor has no plan" in "\n".join(_complaints(house))


def test_a_schedule_that_is_none_is_refused_before_anything_is_made(hub: LocalHub) -> None:
    house = House.of(hub, "ill", KAKUGO_RUN="schedule", KAKUGO_SCHEDULE="at teatime")
    with pytest.raises(SettingsError, match="KAKUGO_SCHEDULE .* five fields"):
        house.deploys()


def _complaints(house: House) -> list[str]:
    found = check(house.deployment)
    assert len(found) > 10
    return [finding.text for finding in found if finding.level == "bad"]


# ── taking it down ───────────────────────────────────────────────────────────────────────────


def test_destroy_asks_keeps_what_people_made_and_can_be_built_again(hub: LocalHub) -> None:
    house = House.of(hub, "left", KAKUGO_RUN="schedule", KAKUGO_SCHEDULE="0 0 1 1 *")
    house.deploys()
    num = house.asks("Welsh")
    house.wire.api.create_repo("left/kakugo-cym_Latn", repo_type="dataset")
    house.wire.api.create_repo("left/unrelated", repo_type="dataset")
    before = house.state()

    refused = house.kakugo("destroy")
    assert refused.returncode == 1 and "confirm with --yes left" in refused.stderr
    assert "- delete schedule 0 0 1 1 *" in refused.stdout
    refused = house.kakugo("destroy", "--yes", "lefd")
    assert refused.returncode == 1 and "nothing was changed" in refused.stderr
    assert house.state() == before

    typed, terminal = pty.openpty()
    os.write(typed, b"left\n")
    done = house.kakugo("destroy", stdin=terminal)
    os.close(typed)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    after = house.state()
    assert not (after["schedules"] or after["webhooks"] or after["endpoints"])
    assert set(after["heads"]) == set(before["heads"]) - {"left/kakugo-chat"}
    assert house.wire.api.get_space_runtime("left/kakugo").stage == "PAUSED"
    assert house.kakugo("destroy").stdout.endswith("nothing to do: the installation is down\n")

    house.deploys()
    assert {line[0] for line in house.lines()} == {"="}
    assert house.person.get_discussion_details("left/kakugo", num, repo_type="space").title


def test_destroy_everything_cut_in_the_middle_leaves_only_what_is_not_ours(hub: LocalHub) -> None:
    house = House.of(hub, "emptied", KAKUGO_WEBHOOK_URL=RING)
    house.deploys()
    house.wire.api.create_repo("emptied/unrelated", repo_type="dataset")
    changes, seen = plan_removal(house.wire, house.programme, house.settings, True)
    half = destroy(house.wire, changes, seen)
    assert next(half).startswith("- delete webhook") and next(half)
    half.close()
    changes, seen = plan_removal(house.wire, house.programme, house.settings, True)
    list(destroy(house.wire, changes, seen))
    list(destroy(house.wire, changes, seen))  # what is gone already is no failure
    assert [repo.id for repo in house.wire.api.list_datasets(author="emptied")] == [
        "emptied/unrelated"
    ]
    assert not house.state()["heads"] and not house.state()["endpoints"]
