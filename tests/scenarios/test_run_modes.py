"""From an empty namespace to a reply, in every way of running the bot.

Processes and calls over HTTP are real, on the local Hub. The Hub runs the bot, except in the mode
`serve`, in which the test starts its process as an operator does.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from bot.domain import names
from bot.hub.other_bots import is_older_bot_alive
from bot.hub.uninstall import REPO_TYPES, list_repos
from bot.localhub.testing import LocalHub
from bot.operations.destroy import destroy
from tests.scenarios.local_installation import (
    BOT,
    PERSON,
    SECRET,
    LocalInstallation,
    seed_narrow_tokens,
    token,
    wait_until,
)
from tests.scenarios.local_scenario import labels_of

pytestmark = pytest.mark.xdist_group("run-modes")

MODES = ("serve", "space", "schedule", "webhook-job")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {f"by-{mode}": (BOT,) for mode in MODES}
    server = LocalHub(tmp_path_factory.mktemp("modes"), users=(BOT, PERSON), orgs=orgs)
    seed_narrow_tokens(server, "by-schedule")
    with server:
        yield server


def _installation(hub: LocalHub, mode: str) -> LocalInstallation:
    org, variables = f"by-{mode}", {"KAKUGO_RUN": mode}
    if mode == "serve":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        variables |= {"PORT": str(port), "KAKUGO_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhook"}
    if mode == "schedule":  # every process with the fewest permissions
        variables |= {
            "HF_TOKEN": token("deployer", org),
            "KAKUGO_BOT_TOKEN": token("bot", org),
            "KAKUGO_JOB_TOKEN": token("job", org),
            "KAKUGO_SCHEDULE": "* * * * *",
        }
    return LocalInstallation.create(hub, org, **variables)


@contextmanager
def _running(installation: LocalInstallation, mode: str) -> Iterator[None]:
    """Run the operator's process in the mode `serve`."""
    if mode != "serve":
        yield
        return
    bot = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "serve"],
        env=installation.process_env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = installation.settings.port
        wait_until(lambda: _listens(port), "the bot is up")
        yield
    finally:
        bot.terminate()
        bot.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("mode", MODES)
def test_an_installation_from_an_empty_namespace_replies(
    hub: LocalHub, mode: str, capfd: pytest.CaptureFixture[str]
) -> None:
    installation = _installation(hub, mode)
    before = installation.state()
    planned = installation.planned_changes()
    assert installation.state() == before and not before["heads"]
    assert all(line.startswith("+ ") for line in planned)

    lines = installation.deploy()
    if mode == "space":  # its address is only known after the deployment
        assert planned.pop(-2).startswith("+ create webhook")
        assert lines.pop(-3).endswith("/webhook")
    assert lines == [*planned, "deployed"]
    assert {line[0] for line in installation.planned_changes()} == {"="}

    with _running(installation, mode):
        num = installation.open_discussion("Esperanto")
        if mode == "schedule":
            installation.control("clock", {"advance": 61 - time.time() % 60})
        comments = wait_until(lambda: installation.bot_comments(num), f"{mode} replies")
    assert "asking for **Esperanto" in comments[0] and "cost **" in comments[0]

    if mode == "webhook-job":
        _check_that_only_the_oldest_stays(installation)
    texts = [*planned, *lines, *capfd.readouterr(), *_pushed(installation), *_arguments()]
    changes, actual = installation.plan_removal(everything=False)
    texts += destroy(installation.connection, changes, actual)
    _check_for_secrets(installation, [*texts, *_job_texts(installation)])
    after = installation.state()
    assert not after["webhooks"] and not after["schedules"]
    assert not after["endpoints"] and names.bot(installation.org) not in after["heads"]


def _check_that_only_the_oldest_stays(installation: LocalInstallation) -> None:
    """Check that the job of the deployment runs, and replaces those that webhooks start."""
    key, value = names.BOT_LABEL
    jobs = installation.connection.api.list_jobs(
        namespace=installation.org, labels={key: value}, status=["RUNNING"]
    )
    oldest, *others = sorted(jobs, key=lambda job: str(job.created_at))
    assert others and all(labels_of(job)["secrets"] for job in others)
    assert not is_older_bot_alive(installation.connection, oldest.id)
    assert all(is_older_bot_alive(installation.connection, job.id) for job in others)


def _pushed(installation: LocalInstallation) -> Iterator[str]:
    """Yield all files and commit titles of the installation, and the log of its Space."""
    api = installation.connection.api
    for part, repo in list_repos(installation.connection):
        kind = REPO_TYPES[part]
        yield from (commit.title for commit in api.list_repo_commits(repo, repo_type=kind))
        for path in api.list_repo_files(repo, repo_type=kind):
            if not path.endswith((".whl", ".safetensors")) and "practice" not in repo:
                yield installation.connection.content(repo, kind, path).decode()
        if repo == names.bot(installation.org):
            yield from (str(variable) for variable in api.get_space_variables(repo).values())
            yield from api.fetch_space_logs(repo)


def _arguments() -> Iterator[str]:
    """Yield the command lines of all processes."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has ended


def _job_texts(installation: LocalInstallation) -> Iterator[str]:
    api = installation.connection.api
    for job in api.list_jobs(namespace=installation.org):
        yield f"{job.command} {job.environment} {job.labels}"
        yield from installation.connection.api.fetch_job_logs(
            job_id=job.id, namespace=installation.org, tail=500
        )


def _check_for_secrets(installation: LocalInstallation, texts: list[str]) -> None:
    read = installation.settings
    secrets = {read.token, read.bot_token, read.job_token, SECRET}
    assert len(texts) > 30
    for text in texts:
        assert not any(secret in text for secret in secrets), text[:300]


def test_the_bots_own_token_has_no_other_permissions(hub: LocalHub) -> None:
    narrow = HfApi(endpoint=hub.url, token=token("bot", "by-schedule"))
    for attempt in (
        lambda: narrow.create_repo("by-schedule/kakugo-other", repo_type="dataset"),
        lambda: narrow.list_webhooks(),
        lambda: narrow.create_repo("by-serve/kakugo-other", repo_type="dataset"),
    ):
        with pytest.raises(HfHubHTTPError) as refused:
            attempt()
        assert refused.value.response.status_code == 403
