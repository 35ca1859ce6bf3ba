"""Inference Endpoints: a real server started, rested and stopped through the real client."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, InferenceEndpoint, constants
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, InferenceEndpointError
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub

SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == '/health'
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(os.environ.get('WORD', 'none').encode())
    def log_message(self, *_): pass
print('serving', flush=True)
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"""
Make = Callable[..., InferenceEndpoint]


@pytest.fixture
def api(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> HfApi:
    """A client whose endpoints service is the Hub's."""
    aim(hub, monkeypatch)
    return HfApi(endpoint=hub.url, token=hub.token("alice"))


def aim(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    base = f"{hub.url}/endpoints-api/v2"
    monkeypatch.setattr(constants, "INFERENCE_ENDPOINTS_ENDPOINT", base)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", hub.token("alice"))


def create(api: HfApi, name: str, code: str = SERVER, **how: Any) -> InferenceEndpoint:
    return api.create_inference_endpoint(
        name, repository="practice/teacher", framework="custom", task="text-generation",
        accelerator="cpu", vendor="aws", region="us-east-1", instance_type="intel-spr",
        instance_size="x1", namespace="practice", custom_image={"url": "docker.io/x"},
        container_command=["python"], container_args=["-c", code], **how,
    )  # fmt: skip


@pytest.fixture
def make(api: HfApi) -> Iterator[Make]:
    """Create endpoints that are deleted afterwards."""
    made: list[InferenceEndpoint] = []

    def make(code: str = SERVER, **how: Any) -> InferenceEndpoint:
        made.append(create(api, f"e{os.getpid()}-{time.time_ns() % 10**12}", code, **how))
        return made[-1]

    yield make
    for endpoint in made:
        endpoint.delete()


def up(endpoint: InferenceEndpoint) -> str:
    """Wait until it runs; its URL."""
    endpoint.wait(timeout=20, refresh_every=0.1)  # type: ignore[arg-type]
    assert endpoint.status == "running" and endpoint.url is not None
    return endpoint.url


def answers(url: str) -> bool:
    try:
        return get_session().get(f"{url}/health").status_code == 200
    except Exception:
        return False


def test_life(api: HfApi, make: Make) -> None:
    endpoint = make(env={"WORD": "hello"})
    assert endpoint.status in ("pending", "initializing") and endpoint.url is None
    url = up(endpoint)
    assert url.startswith("http://127.0.0.1:") and endpoint.health_route == "/health"
    assert get_session().get(f"{url}/health").text == "hello"
    assert endpoint.name in [e.name for e in api.list_inference_endpoints(namespace="practice")]
    endpoint.pause()
    assert (endpoint.status, endpoint.url) == ("paused", None)
    assert not answers(url)
    endpoint.resume()
    url = up(endpoint)
    endpoint.scale_to_zero()
    assert endpoint.status == "scaledToZero" and not answers(url)
    endpoint.resume()
    assert answers(up(endpoint))


def test_resume_of_a_running_one(api: HfApi, make: Make) -> None:
    endpoint = make()
    up(endpoint)
    endpoint.resume(running_ok=True)
    with pytest.raises(BadRequestError, match="already running"):
        api.resume_inference_endpoint(endpoint.name, namespace="practice", running_ok=False)
    assert endpoint.status == "running"


def test_failed_start_has_a_message(make: Make) -> None:
    endpoint = make("raise SystemExit('no model here')")
    with pytest.raises(InferenceEndpointError):
        endpoint.wait(timeout=20, refresh_every=0.1)  # type: ignore[arg-type]
    assert "no model here" in endpoint.fetch().raw["status"]["message"]


def test_a_crash_is_seen(make: Make) -> None:
    endpoint = make("import threading, os\nthreading.Timer(1, os._exit, [3]).start()\n" + SERVER)
    up(endpoint)
    deadline = time.monotonic() + 10
    while endpoint.fetch().status == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert endpoint.status == "failed" and "exit code 3" in endpoint.raw["status"]["message"]


def test_update_replaces_the_process(make: Make) -> None:
    endpoint = make(env={"WORD": "old"})
    up(endpoint)
    endpoint.update(container_args=["-c", SERVER.replace("'none'", "'new'")], min_replica=1)
    assert endpoint.status == "updating"
    up(endpoint)
    assert endpoint.raw["compute"]["scaling"]["minReplica"] == 1
    assert endpoint.raw["model"]["repository"] == "practice/teacher"


def test_secrets_reach_the_process_and_nobody_else(hub: LocalHub, make: Make) -> None:
    endpoint = make(secrets={"WORD": "hush"})
    assert get_session().get(f"{up(endpoint)}/health").text == "hush"
    assert "hush" not in str(endpoint.raw) and endpoint.raw["model"]["secrets"] == {"WORD": None}


def test_refusals(api: HfApi, hub: LocalHub, make: Make) -> None:
    endpoint = make()
    with pytest.raises(HfHubHTTPError) as taken:
        create(api, endpoint.name)
    assert taken.value.response.status_code == 409
    with pytest.raises(BadRequestError, match="name"):
        create(api, "Not A Name")
    with pytest.raises(HfHubHTTPError) as missing:
        api.get_inference_endpoint("nobody", namespace="practice")
    assert missing.value.response.status_code == 404
    stranger = HfApi(endpoint=hub.url, token=hub.token("bob"))
    with pytest.raises(HfHubHTTPError) as closed:
        stranger.get_inference_endpoint(endpoint.name, namespace="practice")
    assert closed.value.response.status_code == 401


def test_states_survive_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalHub(tmp_path) as hub:
        aim(hub, monkeypatch)
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        old = up(create(api, "runs"))
        create(api, "rests").pause()
        hub.kill()
        deadline = time.monotonic() + 8
        while answers(old):
            assert time.monotonic() < deadline, "the process outlived its Hub"
            time.sleep(0.05)
        hub.start()
        aim(hub, monkeypatch)
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        url = up(api.get_inference_endpoint("runs", namespace="practice"))
        assert api.get_inference_endpoint("rests", namespace="practice").status == "paused"
    assert not answers(url)
