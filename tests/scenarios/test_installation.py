"""An installation is interrupted while it is deployed, damaged, destroyed and deployed again.

Calls over HTTP and the command line are real, on the local Hub.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from bot.domain import names
from bot.hub.client import Refused, TryLater
from bot.localhub.testing import LocalHub
from bot.operations.deploy import check
from bot.operations.destroy import destroy
from bot.operations.findings import bad
from bot.settings import SettingsError
from tests.scenarios.local_installation import BOT, PERSON, LocalInstallation

pytestmark = pytest.mark.xdist_group("installation")

DONE = "nothing to do: the installation is up to date"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {name: (BOT,) for name in ("cut", "killed", "ill", "left", "emptied", "poor")}
    server = LocalHub(tmp_path_factory.mktemp("site"), users=(BOT, PERSON), orgs=orgs)
    with server:
        yield server


def test_after_a_failed_call_the_next_deploy_continues(hub: LocalHub) -> None:
    """Each of these calls fails once, either before or after it has taken effect."""
    installation = LocalInstallation.create(hub, "cut", KAKUGO_RUN="webhook-job")
    for path, method, fault in (
        ("/api/repos/create", "POST", {"status": 500}),
        ("/kakugo-code/commit/", "POST", {"cut": 10}),
        ("/endpoint/cut", "POST", {"cut": 10}),
        ("/kakugo-teacher/pause", "POST", {"status": 503}),
        ("/spaces/cut/kakugo/variables", "POST", {"cut": 10}),
        ("/spaces/cut/kakugo/commit/", "POST", {"status": 500}),
        ("/api/jobs/cut$", "POST", {"cut": 10}),
        ("/api/settings/webhooks", "POST", {"cut": 10}),
    ):
        installation.control("faults", {"path": path, "method": method, "times": 1, **fault})
        with pytest.raises(TryLater):
            installation.deploy()
    installation.deploy()
    assert installation.deploy() == [DONE]
    state = installation.state()
    assert len(state["webhooks"]) == 1 and state["endpoints"] == [("kakugo-teacher", "paused")]
    api = HfApi(hub.url, installation.process_env["HF_TOKEN"])
    path = api.hf_hub_download("cut/kakugo-communities", "README.md", repo_type="dataset")
    card = Path(path).read_text()
    assert "open a pull request" in card and f"{hub.url}/spaces/cut/kakugo" in card


def test_after_a_kill_the_next_deploy_continues(hub: LocalHub) -> None:
    installation = LocalInstallation.create(hub, "killed")
    command = [sys.executable, "-m", "bot.cli", "deploy"]
    process = subprocess.Popen(
        command,
        env=installation.process_env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    lines = [next(process.stdout) for _ in range(6)]
    process.kill()
    process.wait()
    process.stdout.close()
    assert lines[-1].startswith("+ create wheel")
    lines = installation.deploy()
    assert lines[-2:] == [
        "deployed",
        "KAKUGO_WEBHOOK_URL is not set: the bot will check the Hub every 40 seconds",
    ]
    assert not [line for line in lines if "dataset" in line or "wheel" in line]
    assert {line[0] for line in installation.planned_changes()} == {"="}


# ── the doctor ───────────────────────────────────────────────────────────────────────────────

WEBHOOK_URL = "http://127.0.0.1:9/webhook"
Damage = Callable[[HfApi, str], object]


def _push_another_wheel(api: HfApi, _: str) -> None:
    api.upload_file(
        path_or_fileobj=b"other bytes", path_in_repo=names.wheel("0.1.0"),
        repo_id="ill/kakugo-code", repo_type="dataset",
    )  # fmt: skip


def _update(api: HfApi, hook: str, **changes: Any) -> object:
    """Update a webhook: the call requires what it watches, and keeps what is left out."""
    watched = [{"type": "space", "name": "ill/kakugo"}]
    return api.update_webhook(hook, **{"watched": watched, "domains": ["discussion"], **changes})


# What the doctor must say, and what causes it; the second argument is the webhook's id.
WEBHOOK_DAMAGE: dict[str, Damage] = {
    "it is disabled": lambda api, hook: api.disable_webhook(hook),
    "it calls http://else/webhook": lambda api, hook: _update(
        api, hook, url="http://else/webhook?secret-version=1"
    ),
    "its secret is different": lambda api, hook: _update(api, hook, secret=""),
    "it watches other events": lambda api, hook: _update(api, hook, domains=["repo"]),
    f"webhook {WEBHOOK_URL} is missing": lambda api, hook: api.delete_webhook(hook),
}
OTHER_DAMAGE: dict[str, Damage] = {
    "it differs from this checkout": _push_another_wheel,
    "Space ill/kakugo-chat is paused": lambda api, _: api.pause_space("ill/kakugo-chat"),
    "variables KAKUGO_ORG": lambda api, _: api.add_space_variable("ill/kakugo", "KAKUGO_ORG", "x"),
    "files app.py": lambda api, _: api.delete_file("app.py", "ill/kakugo", repo_type="space"),
    "instance type is 'intel-icl', health route is '', it is running, but": lambda api, _: (
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


def test_the_doctor_reports_all_damage_and_deploy_repairs_it(hub: LocalHub) -> None:
    installation = LocalInstallation.create(hub, "ill", KAKUGO_WEBHOOK_URL=WEBHOOK_URL)
    installation.deploy()
    assert not _complaints(installation)
    api = installation.connection.api
    for text, damage in WEBHOOK_DAMAGE.items():
        damage(api, installation.state()["webhooks"][0].id)
        (complaint,) = _complaints(installation)
        assert text in complaint and "run `kakugo deploy`" in complaint
        installation.deploy()
    for damage in OTHER_DAMAGE.values():
        damage(api, "")
    complaints = "\n".join(_complaints(installation))
    for text in OTHER_DAMAGE:
        assert text in complaints
    installation.deploy()
    assert not _complaints(installation)
    for space in ("ill/kakugo", "ill/kakugo-chat"):  # starting what was repaired takes seconds
        api.delete_repo(space, repo_type="space")


def test_the_doctor_reports_what_a_token_lacks_without_the_token(hub: LocalHub) -> None:
    installation = LocalInstallation.create(
        hub, "ill", KAKUGO_JOB_TOKEN="hf_nobodys", KAKUGO_BOT_TOKEN=hub.read_token(BOT)
    )
    complaints = _complaints(installation)
    text = "\n".join(complaints)
    assert "KAKUGO_JOB_TOKEN does not work" in text and "401" in text
    assert "KAKUGO_BOT_TOKEN lacks" in text and "job.write on ill" in text
    stranger = LocalInstallation.create(hub, "ill", HF_TOKEN=hub.token(PERSON))
    others = "\n".join(_complaints(stranger))
    assert f"belongs to {PERSON}, who cannot write to ill" in others
    assert "The installation was not checked, because the doctor cannot" in others
    assert "hf_" not in text + others


def test_the_doctor_reports_a_wrong_clock_and_a_closed_community_tab(hub: LocalHub) -> None:
    installation = LocalInstallation.create(hub, "ill")
    installation.deploy()
    ahead = replace(installation.connection, clock=lambda: time.time() + 100)
    installation.control(
        "faults", {"path": "/spaces/ill/kakugo/discussions", "times": 1, "status": 403}
    )
    findings = check(replace(installation.deployment, hub=ahead))
    text = "\n".join(map(str, bad(findings)))
    assert re.search(r"clock is (99|100|101) s ahead of the Hub's", text)
    assert "Nobody can request a language" in text


def test_a_namespace_without_a_plan_is_refused_before_any_change(hub: LocalHub) -> None:
    installation = LocalInstallation.create(hub, "poor", KAKUGO_WEBHOOK_URL=WEBHOOK_URL)
    installation.control("account", {"name": "poor", "plan": "", "canPay": False})
    with pytest.raises(
        Refused, match="no plan for the organization poor.*poor has no payment method"
    ):
        installation.deploy()
    state = installation.state()
    assert not (state["heads"] or state["endpoints"] or state["webhooks"])
    assert "no plan for the organization poor" in "\n".join(_complaints(installation))


def test_an_invalid_schedule_is_refused_before_any_change(hub: LocalHub) -> None:
    installation = LocalInstallation.create(
        hub, "ill", KAKUGO_RUN="schedule", KAKUGO_SCHEDULE="at teatime"
    )
    with pytest.raises(SettingsError, match="KAKUGO_SCHEDULE .* five fields"):
        installation.deploy()


def _complaints(installation: LocalInstallation) -> list[str]:
    findings = check(installation.deployment)
    assert len(findings) > 5
    return [str(finding) for finding in bad(findings)]


# ── destroy ──────────────────────────────────────────────────────────────────────────────────


def test_destroy_asks_first_keeps_data_and_deploy_restores_it(hub: LocalHub) -> None:
    installation = LocalInstallation.create(
        hub, "left", KAKUGO_RUN="schedule", KAKUGO_SCHEDULE="0 0 1 1 *"
    )
    installation.deploy()
    num = installation.open_discussion("Welsh")
    installation.connection.api.create_repo("left/kakugo-cym_Latn", repo_type="dataset")
    installation.connection.api.create_repo("left/unrelated", repo_type="dataset")
    before = installation.state()

    process = installation.run_cli("destroy")
    assert process.returncode == 1 and "confirm with --yes left" in process.stderr
    assert "- delete schedule 0 0 1 1 *" in process.stdout
    process = installation.run_cli("destroy", "--yes", "lefd")
    assert process.returncode == 1 and "nothing was changed" in process.stderr
    assert installation.state() == before

    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"left\n")
    process = installation.run_cli_at(terminal, "destroy")
    os.close(keyboard)
    os.close(terminal)
    assert process.returncode == 0, process.stderr
    after = installation.state()
    assert not (after["schedules"] or after["webhooks"] or after["endpoints"])
    assert set(after["heads"]) == set(before["heads"]) - {"left/kakugo-chat"}
    assert installation.connection.api.get_space_runtime("left/kakugo").stage == "PAUSED"
    assert installation.run_cli("destroy").stdout.endswith(
        "nothing to do: the installation is down\n"
    )

    installation.deploy()
    assert {line[0] for line in installation.planned_changes()} == {"="}
    assert installation.person.get_discussion_details("left/kakugo", num, repo_type="space").title


def test_destroy_everything_can_be_interrupted_and_leaves_other_repos(hub: LocalHub) -> None:
    installation = LocalInstallation.create(hub, "emptied", KAKUGO_WEBHOOK_URL=WEBHOOK_URL)
    installation.deploy()
    api = installation.connection.api
    api.create_repo("emptied/unrelated", repo_type="dataset")
    api.create_repo("emptied/kakugo-epo_Latn", repo_type="dataset")
    (note,) = [each for each in check(installation.deployment) if each.check == "collection"]
    assert note.level == "note" and "it lacks emptied/kakugo-epo_Latn" in note.text
    installation.deploy()
    (collection,) = api.list_collections(owner="emptied")
    assert {item.item_id for item in api.get_collection(collection.slug).items} == {
        f"emptied/{name}"
        for name in ("kakugo", "kakugo-chat", "kakugo-communities", "kakugo-epo_Latn",
                     "kakugo-requests", "kakugo-results")
    }  # fmt: skip
    changes, actual = installation.plan_removal(everything=True)
    lines = destroy(installation.connection, changes, actual)
    assert next(lines).startswith("- delete webhook") and next(lines)
    del lines  # interrupted
    changes, actual = installation.plan_removal(everything=True)
    list(destroy(installation.connection, changes, actual))
    list(destroy(installation.connection, changes, actual))  # missing parts are no error
    assert [repo.id for repo in installation.connection.api.list_datasets(author="emptied")] == [
        "emptied/unrelated"
    ]
    assert not installation.state()["heads"] and not installation.state()["endpoints"]
    assert not list(api.list_collections(owner="emptied"))
