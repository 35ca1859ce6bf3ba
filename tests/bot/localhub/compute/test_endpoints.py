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
import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length'] or 0))
        self.send_response(201)
        self.send_header('X-Seen', self.path + ' ' + self.headers.get('Authorization', '-'))
        self.end_headers()
        for n in range(3):
            self.wfile.write(b'%d:%s ' % (n, body))
            self.wfile.flush()
            time.sleep(0.2)
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
        container_command=["python"], container_args=["-c", code], **{"type": "public", **how},
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
    assert url.startswith(f"{api.endpoint}/") and endpoint.health_route == "/health"
    assert get_session().get(f"{url}/health").text == "hello"
    assert endpoint.name in [e.name for e in api.list_inference_endpoints(namespace="practice")]
    endpoint.pause()
    assert (endpoint.status, endpoint.url) == ("paused", None)
    assert not answers(url)
    endpoint.resume()
    url = up(endpoint)
    endpoint.scale_to_zero()
    assert (endpoint.status, endpoint.url) == ("scaledToZero", url)
    endpoint.resume()
    assert answers(up(endpoint))


def test_a_request_wakes_what_is_at_zero(make: Make) -> None:
    endpoint = make()
    url = up(endpoint)
    endpoint.scale_to_zero()
    cold = get_session().get(f"{url}/health")
    assert cold.status_code == 503 and cold.headers["Retry-After"]
    warm = get_session().get(f"{url}/health", headers={"X-Scale-Up-Timeout": "20"})
    assert warm.status_code == 200
    up(endpoint)
    endpoint.pause()
    assert get_session().get(f"{url}/health").status_code == 400
    assert endpoint.fetch().status == "paused"


def test_nobody_asks_so_it_goes_to_zero(make: Make, advance: Callable[[float], None]) -> None:
    idle = make(min_replica=0, scale_to_zero_timeout=15)
    always = make(min_replica=1)
    up(always)
    with get_session().stream("POST", up(idle), content=b"z") as broken_off:
        next(broken_off.iter_raw())
    advance(16 * 60)
    deadline = time.monotonic() + 10
    while idle.fetch().status != "scaledToZero":
        assert time.monotonic() < deadline, "it goes on idling"
        time.sleep(0.1)
    assert always.fetch().status == "running"


def test_who_may_use_it(hub: LocalHub, make: Make) -> None:
    def asked(url: str, user: str = "") -> Any:
        headers = {"Authorization": f"Bearer {user}"} if user else {}
        return get_session().post(f"{url}/v1/x?y=1", content=b"q", headers=headers)

    own = up(make(type="authenticated"))
    assert asked(own).status_code == 401
    assert asked(own, hub.token("bob")).status_code == 401
    assert asked(own, "hf_wrong").status_code == 401
    let_in = asked(own, hub.read_token("alice"))
    assert let_in.status_code == 201 and let_in.text == "0:q 1:q 2:q "
    assert let_in.headers["X-Seen"] == "/v1/x?y=1 -", "the Hub's token reached the container"
    public = up(make(type="public"))
    assert asked(public).headers["X-Seen"] == "/v1/x?y=1 -"
    assert asked(public, "key of its own").headers["X-Seen"] == "/v1/x?y=1 Bearer key of its own"


def test_an_answer_is_passed_on_while_it_comes(make: Make) -> None:
    url = up(make(type="public"))
    with get_session().stream("POST", f"{url}/", content=b"z") as answer:
        begin, pieces = time.monotonic(), []
        for piece in answer.iter_raw():
            pieces.append((piece, time.monotonic() - begin))
    assert b"".join(piece for piece, _ in pieces) == b"0:z 1:z 2:z "
    assert len(pieces) > 1 and pieces[0][1] < pieces[-1][1] - 0.1


def test_resume_of_a_running_one(api: HfApi, make: Make) -> None:
    endpoint = make()
    up(endpoint)
    endpoint.resume(running_ok=True)
    with pytest.raises(BadRequestError, match="already running"):
        api.resume_inference_endpoint(endpoint.name, namespace="practice", running_ok=False)
    assert endpoint.status == "running"


def test_hardware_has_prices(api: HfApi) -> None:
    by_type = {each.instance_type: each for each in api.list_inference_endpoints_hardware()}
    cpu, gpu = by_type["cpu-basic"], by_type["h200x2"]
    assert (cpu.accelerator, cpu.gpu_memory_gb, cpu.price_per_hour) == ("cpu", None, 0.01)
    assert (gpu.accelerator, gpu.num_accelerators, gpu.gpu_memory_gb) == ("gpu", 2, 282)


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
