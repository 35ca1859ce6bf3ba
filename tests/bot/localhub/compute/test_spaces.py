"""Spaces: a real app started, restarted and ended through the real client."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest
from huggingface_hub import HfApi, SpaceRuntime
from huggingface_hub.errors import BadRequestError, HfHubHTTPError
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub

APP = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        keys = ('SPACE_ID', 'HF_ENDPOINT', 'WORD', 'HUSH', 'GRADIO_SERVER_NAME')
        self.wfile.write(' '.join(os.environ.get(key, '-') for key in keys).encode())
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


def wait_for(true: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def test_stages_before_anything_runs(alice: HfApi, space: str) -> None:
    assert alice.get_space_runtime(space).stage == "BUILDING"
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=space, repo_type="space")
    assert alice.get_space_runtime(space).stage == "NO_APP_FILE"
    push(alice, space)
    assert alice.get_space_runtime(space).stage == "SLEEPING"


def test_it_runs_with_its_environment(hub: LocalHub, alice: HfApi, space: str) -> None:
    push(alice, space)
    alice.restart_space(space)
    runtime = settled(alice, space)
    assert (runtime.stage, runtime.hardware) == ("RUNNING", "cpu-basic")
    said = get_session().get(url_of(runtime)).text
    assert said == f"{space} {hub.url} spoken whispered 127.0.0.1"
    assert alice.space_info(space).host == url_of(runtime).rstrip("/")
    assert [*alice.fetch_space_logs(space, build=True)][0].startswith("3 files of ")
    first = next(iter(alice.fetch_space_logs(space, follow=True)))
    assert first == "serving VERSION"
    alice.pause_space(space)
    assert alice.get_space_runtime(space).stage == "PAUSED"
    with pytest.raises(Exception, match="refused"):
        get_session().get(url_of(runtime))


def test_a_visit_wakes_it(hub: LocalHub, alice: HfApi, space: str) -> None:
    push(alice, space)
    assert get_session().get(f"{hub.url}/spaces/{space}").status_code == 200
    wait_for(lambda: alice.get_space_runtime(space).stage == "RUNNING")
    alice.pause_space(space)
    get_session().get(f"{hub.url}/spaces/{space}")
    assert alice.get_space_runtime(space).stage == "PAUSED"


def test_a_commit_or_a_new_variable_restarts_it(alice: HfApi, space: str) -> None:
    push(alice, space)
    alice.restart_space(space)
    settled(alice, space)
    push(alice, space, APP.replace("VERSION", "2"))

    wait_for(lambda: alice.get_space_runtime(space).stage != "RUNNING")
    assert settled(alice, space).stage == "RUNNING"
    assert next(iter(alice.fetch_space_logs(space, follow=True))) == "serving 2"
    alice.add_space_variable(space, "WORD", "shouted")
    assert "shouted" in get_session().get(url_of(settled(alice, space))).text
    alice.pause_space(space)


def test_a_broken_app_says_why(alice: HfApi, space: str) -> None:
    push(alice, space, "raise SystemExit('out of paper')")
    alice.restart_space(space)
    runtime = settled(alice, space)
    assert runtime.stage == "RUNTIME_ERROR"
    assert "out of paper" in runtime.raw["errorMessage"]
    push(alice, space)
    wait_for(lambda: alice.get_space_runtime(space).stage == "RUNNING")
    alice.delete_repo(space, repo_type="space")


def test_variables_and_secrets(alice: HfApi, bob: HfApi, space: str) -> None:
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
    with pytest.raises(HfHubHTTPError) as refused:
        bob.add_space_secret(space, "X", "y")
    assert refused.value.response.status_code == 403


def test_hardware_and_sleep_time(alice: HfApi, space: str) -> None:
    runtime = alice.request_space_hardware(space, "t4-small")
    assert runtime.requested_hardware == "t4-small"
    assert alice.set_space_sleep_time(space, 3600).sleep_time == 3600
    assert "t4-small" in [each.name for each in alice.list_spaces_hardware()]
    with pytest.raises(BadRequestError):
        alice.request_space_hardware(space, "moon-base")
    assert alice.set_space_sleep_time(space, -1).sleep_time is None


@pytest.mark.filterwarnings("ignore:If your Space runs on the default:UserWarning")
def test_it_sleeps_when_nobody_visits(
    hub: LocalHub, alice: HfApi, space: str, advance: Callable[[float], None]
) -> None:
    push(alice, space)
    assert alice.get_space_runtime(space).sleep_time == 48 * 3600
    alice.set_space_sleep_time(space, 100_000)
    alice.restart_space(space)
    at = url_of(settled(alice, space)).removeprefix("http://").split(":")
    with socket.create_connection((at[0], int(at[1]))):
        advance(100_001)
        time.sleep(1.5)
        assert alice.get_space_runtime(space).stage == "RUNNING", "asleep with a visitor inside"
    time.sleep(1.0)
    advance(100_001)
    wait_for(lambda: alice.get_space_runtime(space).stage == "SLEEPING")
    get_session().get(f"{hub.url}/spaces/{space}")
    wait_for(lambda: alice.get_space_runtime(space).stage == "RUNNING")
    alice.pause_space(space)


def test_dev_mode_leaves_the_running_app_alone(alice: HfApi, space: str, name: str) -> None:
    push(alice, space)
    alice.restart_space(space)
    settled(alice, space)
    assert alice.enable_space_dev_mode(space).dev_mode is True
    push(alice, space, APP.replace("VERSION", "2"))
    time.sleep(1.0)
    assert alice.get_space_runtime(space).stage == "RUNNING"
    assert next(iter(alice.fetch_space_logs(space, follow=True))) == "serving VERSION"
    assert alice.disable_space_dev_mode(space).dev_mode is False
    alice.pause_space(space)
    static = f"{name}-static"
    alice.create_repo(static, repo_type="space", space_sdk="static")
    with pytest.raises(BadRequestError):
        alice.enable_space_dev_mode(static)


def test_what_is_not_here_says_so(alice: HfApi, name: str) -> None:
    assert alice.list_space_templates() == []
    with pytest.raises(ValueError, match="template"):
        alice.create_repo(name, repo_type="space", space_sdk="gradio", space_template="x/y")
    for call in (alice.get_zero_gpu_quota, lambda: [*alice.search_spaces("music")]):
        with pytest.raises(HfHubHTTPError, match="does not serve GET /api/spaces/") as missing:
            call()
        assert missing.value.response.status_code == 501
