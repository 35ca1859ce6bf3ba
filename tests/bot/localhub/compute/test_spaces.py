"""Spaces: a real app, started and stopped through the real client."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest
from huggingface_hub import HfApi, SpaceHardware, SpaceRuntime, Volume, get_session
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import status_of, wait_until

APP = """
import http.server, os, spaces
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        keys = ('SPACE_ID', 'HF_ENDPOINT', 'WORD', 'HUSH', 'GRADIO_SERVER_NAME')
        words = (*(os.environ.get(key, '-') for key in keys), spaces.gradio_auto_wrap('same'))
        self.wfile.write(' '.join(words).encode())
    def log_message(self, *_): pass
print('serving VERSION', flush=True)
at = ('127.0.0.1', int(os.environ['GRADIO_SERVER_PORT']))
http.server.HTTPServer(at, Handler).serve_forever()
"""


@pytest.fixture
def space(alice: HfApi, name: str) -> str:
    """A fresh Space without an app."""
    alice.create_repo(
        name, repo_type="space", space_sdk="gradio",
        space_variables=[{"key": "WORD", "value": "spoken"}],
        space_secrets=[{"key": "HUSH", "value": "whispered"}],
    )  # fmt: skip
    return name


def push(api: HfApi, space: str, app: str = APP) -> None:
    api.upload_file(
        path_or_fileobj=app.encode(), path_in_repo="app.py", repo_id=space, repo_type="space"
    )


def settled(api: HfApi, space: str) -> SpaceRuntime:
    return api.wait_for_space(space, timeout=30, poll_interval=0.05)


def url_of(runtime: SpaceRuntime) -> str:
    return f"http://{runtime.raw['domains'][0]['domain']}"


def test_stages_before_the_first_start(alice: HfApi, space: str) -> None:
    assert alice.get_space_runtime(space).stage == "BUILDING"
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=space, repo_type="space")
    assert alice.get_space_runtime(space).stage == "NO_APP_FILE"
    push(alice, space)
    assert alice.get_space_runtime(space).stage == "SLEEPING"


def test_space_runs_with_its_environment(hub: LocalHub, alice: HfApi, space: str) -> None:
    push(alice, space)
    alice.restart_space(space)
    runtime = settled(alice, space)
    assert (runtime.stage, runtime.hardware) == ("RUNNING", "cpu-basic")
    text = get_session().get(url_of(runtime)).text
    assert text == f"{space} {hub.url} spoken whispered 127.0.0.1 same"
    assert alice.space_info(space).host == url_of(runtime).rstrip("/")
    assert [*alice.fetch_space_logs(space, build=True)][0].startswith("Copied 3 files of ")
    first = next(iter(alice.fetch_space_logs(space, follow=True)))
    assert first == "serving VERSION"
    alice.pause_space(space)
    assert alice.get_space_runtime(space).stage == "PAUSED"
    with pytest.raises(Exception, match="refused"):
        get_session().get(url_of(runtime))


def test_visit_wakes_a_sleeping_space(hub: LocalHub, alice: HfApi, space: str) -> None:
    push(alice, space)
    assert get_session().get(f"{hub.url}/spaces/{space}").status_code == 200
    wait_until(lambda: alice.get_space_runtime(space).stage == "RUNNING")
    alice.pause_space(space)
    get_session().get(f"{hub.url}/spaces/{space}")
    assert alice.get_space_runtime(space).stage == "PAUSED"


def test_commit_and_new_variable_restart_a_space(alice: HfApi, space: str) -> None:
    push(alice, space)
    alice.restart_space(space)
    settled(alice, space)
    push(alice, space, APP.replace("VERSION", "2"))

    wait_until(lambda: alice.get_space_runtime(space).stage != "RUNNING")
    assert settled(alice, space).stage == "RUNNING"
    assert next(iter(alice.fetch_space_logs(space, follow=True))) == "serving 2"
    alice.add_space_variable(space, "WORD", "shouted")
    assert "shouted" in get_session().get(url_of(settled(alice, space))).text
    alice.pause_space(space)


def test_failed_app_shows_the_reason(alice: HfApi, space: str) -> None:
    push(alice, space, "raise SystemExit('out of paper')")
    alice.restart_space(space)
    runtime = settled(alice, space)
    assert runtime.stage == "RUNTIME_ERROR"
    assert "out of paper" in runtime.raw["errorMessage"]
    push(alice, space)
    wait_until(lambda: alice.get_space_runtime(space).stage == "RUNNING")
    alice.delete_repo(space, repo_type="space")


def test_variables_and_secrets_can_be_changed(alice: HfApi, bob: HfApi, space: str) -> None:
    shown = alice.add_space_variable(space, "A", "1", description="first")
    assert (shown["A"].value, shown["A"].description) == ("1", "first")
    assert shown["WORD"].value == "spoken"
    assert "A" not in alice.delete_space_variable(space, "A")
    alice.add_space_secret(space, "TOKEN", "hf_never_seen", description="a token")
    secrets = alice.get_space_secrets(space)
    assert set(secrets) == {"HUSH", "TOKEN"} and "hf_never_seen" not in str(secrets)
    alice.delete_space_secret(space, "TOKEN")
    alice.delete_space_secret(space, "TOKEN")
    assert set(alice.get_space_secrets(space)) == {"HUSH"}
    with pytest.raises(BadRequestError):
        alice.add_space_secret(space, "not a name", "x")
    with pytest.raises(HfHubHTTPError) as error:
        bob.add_space_secret(space, "X", "y")
    assert status_of(error) == 403


def test_space_sleeps_without_visitors(
    hub: LocalHub, alice: HfApi, space: str, advance: Callable[[float], None]
) -> None:
    push(alice, space)
    assert alice.get_space_runtime(space).sleep_time == 48 * 3600
    alice.restart_space(space)
    host, port = url_of(settled(alice, space)).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))):
        advance(48 * 3600 + 1)
        time.sleep(1.2)  # two polls of the Space runner
        assert alice.get_space_runtime(space).stage == "RUNNING", "it sleeps despite a visitor"
    advance(48 * 3600 + 1)
    wait_until(lambda: alice.get_space_runtime(space).stage == "SLEEPING")
    get_session().get(f"{hub.url}/spaces/{space}")
    wait_until(lambda: alice.get_space_runtime(space).stage == "RUNNING")
    alice.pause_space(space)


def test_unserved_options_of_a_new_space_answer_501(alice: HfApi, name: str) -> None:
    volume = Volume(type="dataset", source="practice/data", mount_path="/data")
    with pytest.raises(HfHubHTTPError, match="volumes") as error:
        alice.create_repo(name, repo_type="space", space_sdk="gradio", space_volumes=[volume])
    assert status_of(error) == 501
    assert not alice.repo_exists(name, repo_type="space")


def test_hardware_is_remembered(alice: HfApi, name: str) -> None:
    alice.create_repo(
        name, repo_type="space", space_sdk="gradio", space_hardware=SpaceHardware.ZERO_A10G
    )
    runtime = alice.get_space_runtime(name)
    assert (runtime.hardware, runtime.requested_hardware) == (None, "zero-a10g")
    runtime = alice.request_space_hardware(name, SpaceHardware.T4_SMALL)
    assert runtime.requested_hardware == "t4-small"
