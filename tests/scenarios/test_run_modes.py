"""From an empty namespace and a token to a reply, in every way of running the bot.

Nothing of ours runs beside the Hub, but for the operator's own process in the mode `serve`.
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
from bot.operations.destroy import destroy, plan_removal
from tests.scenarios.installation_env import BOT, PERSON, SECRET, House, seed_narrow, token, until

pytestmark = pytest.mark.xdist_group("run-modes")

MODES = ("serve", "space", "schedule", "webhook-job")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {f"by-{mode}": (BOT,) for mode in MODES}
    server = LocalHub(tmp_path_factory.mktemp("modes"), users=(BOT, PERSON), orgs=orgs)
    seed_narrow(server, "by-schedule")
    with server:
        yield server


def _house(hub: LocalHub, mode: str) -> House:
    org, more = f"by-{mode}", {"KAKUGO_RUN": mode}
    if mode == "serve":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        more |= {"PORT": str(port), "KAKUGO_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhook"}
    if mode == "schedule":  # every process with the least that the table allows
        more |= {
            "HF_TOKEN": token("deployer", org),
            "KAKUGO_BOT_TOKEN": token("bot", org),
            "KAKUGO_JOB_TOKEN": token("job", org),
            "KAKUGO_SCHEDULE": "* * * * *",
        }
    return House.of(hub, org, **more)


@contextmanager
def _running(house: House, mode: str) -> Iterator[None]:
    """Have the time of the schedule come; or the operator's process up."""
    if mode != "serve":
        yield
        return
    bot = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "serve"],
        env=house.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with_port = house.settings.port
        until(lambda: _listens(with_port), "the bot is up")
        yield
    finally:
        bot.terminate()
        bot.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("mode", MODES)
def test_from_an_empty_namespace_to_an_answer(
    hub: LocalHub, mode: str, capfd: pytest.CaptureFixture[str]
) -> None:
    house = _house(hub, mode)
    house.with_setup = mode == "serve"
    before = house.state()
    promised = house.lines()
    assert house.state() == before and not before["heads"]
    assert all(line.startswith("+ ") for line in promised)

    done = house.deploys()
    if mode == "space":  # its address is known only now
        assert promised.pop().startswith("+ create webhook")
        assert done.pop(-2).endswith("/webhook")
    assert done == [*promised, "deployed"]
    assert {line[0] for line in house.lines()} == {"="}

    with _running(house, mode):
        num = house.asks("Esperanto")
        if mode == "schedule":
            house.control("clock", {"advance": 61 - time.time() % 60})
        said = until(lambda: house.heard(num), f"{mode} answers")
    assert "request for **Esperanto" in said[0] and "cost **" in said[0]

    if mode == "webhook-job":
        _only_the_oldest_stays(house)
    texts = [*promised, *done, *capfd.readouterr(), *_pushed(house), *_arguments()]
    changes, seen = plan_removal(house.wire, house.programme, house.settings, False)
    texts += destroy(house.wire, changes, seen)
    _hold_no_secret(house, [*texts, *_shown_of_jobs(house)])
    left = house.state()
    assert not left["webhooks"] and not left["schedules"]
    assert not left["endpoints"] and names.bot(house.org) not in left["heads"]


def _only_the_oldest_stays(house: House) -> None:
    """The deployment's own first shift is alive, and relieves those that comments have started."""
    key, value = names.BOT_LABEL
    jobs = house.wire.api.list_jobs(namespace=house.org, labels={key: value}, status=["RUNNING"])
    oldest, *others = sorted(jobs, key=lambda job: job.created_at)
    assert others and all(job.labels["secrets"] for job in others)
    assert not is_older_bot_alive(house.wire, oldest.id)
    assert all(is_older_bot_alive(house.wire, job.id) for job in others)


def _pushed(house: House) -> Iterator[str]:
    """All files and commit titles of the installation, and what its Space has printed."""
    api = house.wire.api
    for part, repo in list_repos(house.wire):
        kind = REPO_TYPES[part]
        yield from (commit.title for commit in api.list_repo_commits(repo, repo_type=kind))
        for path in api.list_repo_files(repo, repo_type=kind):
            if not path.endswith((".whl", ".safetensors")) and "practice" not in repo:
                yield house.wire.text(repo, kind, path)
        if repo == names.bot(house.org):
            yield from (str(variable) for variable in api.get_space_variables(repo).values())
            yield from api.fetch_space_logs(repo)


def _arguments() -> Iterator[str]:
    """The command lines of all processes."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes().decode(errors="replace")
        except OSError:
            continue  # it ended while we looked


def _shown_of_jobs(house: House) -> Iterator[str]:
    for job in house.wire.api.list_jobs(namespace=house.org):
        yield f"{job.command} {job.environment} {job.labels}"
        yield from house.wire.api.fetch_job_logs(job_id=job.id, namespace=house.org, tail=500)


def _hold_no_secret(house: House, texts: list[str]) -> None:
    told = house.settings
    secrets = {told.token, told.bot_token, told.job_token, SECRET}
    assert len(texts) > 30
    for text in texts:
        assert not any(secret in text for secret in secrets), text[:300]


def test_the_bots_own_token_can_do_no_more_than_it_must(hub: LocalHub) -> None:
    narrow = HfApi(endpoint=hub.url, token=token("bot", "by-schedule"))
    for attempt in (
        lambda: narrow.create_repo("by-schedule/kakugo-other", repo_type="dataset"),
        lambda: narrow.list_webhooks(),
        lambda: narrow.create_repo("by-serve/kakugo-other", repo_type="dataset"),
    ):
        with pytest.raises(HfHubHTTPError) as refused:
            attempt()
        assert refused.value.response.status_code == 403
