"""The gateway of Inference Endpoints: tokens, streaming, waking, scaling to zero."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from huggingface_hub import InferenceEndpoint, get_session

from bot.localhub.testing import LocalHub
from tests.bot.localhub.compute.endpoint_server import wait_for_url
from tests.bot.localhub.helpers import wait_until

Make = Callable[..., InferenceEndpoint]


def test_request_wakes_an_endpoint_at_zero(make_endpoint: Make) -> None:
    endpoint = make_endpoint()
    url = wait_for_url(endpoint)
    endpoint.scale_to_zero()
    cold = get_session().get(f"{url}/health")
    assert cold.status_code == 503 and "Retry-After" not in cold.headers
    assert cold.json() == {"error": "503 Service Unavailable", "code": "SERVICE_UNAVAILABLE"}
    warm = get_session().get(f"{url}/health", headers={"X-Scale-Up-Timeout": "20"})
    assert warm.status_code == 200
    wait_for_url(endpoint)
    endpoint.pause()
    paused = get_session().get(f"{url}/health")
    assert (paused.status_code, paused.json()["code"]) == (400, "BAD_REQUEST")
    assert "endpoint is paused" in paused.json()["error"]
    assert endpoint.fetch().status == "paused"


def test_idle_endpoint_scales_to_zero(
    make_endpoint: Make, advance: Callable[[float], None]
) -> None:
    idle = make_endpoint(min_replica=0, scale_to_zero_timeout=15)
    always_on = make_endpoint(min_replica=1)
    wait_for_url(always_on)
    with get_session().stream("POST", wait_for_url(idle), content=b"z") as interrupted:
        next(interrupted.iter_raw())
    advance(16 * 60)
    wait_until(lambda: idle.fetch().status == "scaledToZero")
    assert always_on.fetch().status == "running"


def test_token_is_checked_and_not_forwarded(hub: LocalHub, make_endpoint: Make) -> None:
    def post(url: str, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return get_session().post(f"{url}/v1/x?y=1", content=b"q", headers=headers)

    url = wait_for_url(make_endpoint(type="authenticated"))
    assert post(url).json() == {"error": "401 Unauthorized", "code": "UNAUTHORIZED"}
    assert post(url, hub.token("bob")).status_code == 201, "any account may use it"
    url = wait_for_url(make_endpoint(type="private"))
    assert post(url).status_code == 401
    assert post(url, hub.token("bob")).status_code == 401
    assert post(url, "hf_wrong").status_code == 401
    response = post(url, hub.read_token("alice"))
    assert response.status_code == 201 and response.text == "0:q 1:q 2:q "
    assert response.headers["X-Seen"] == "/v1/x?y=1 -", "the Hub's token was forwarded"
    url = wait_for_url(make_endpoint(type="public"))
    assert post(url).headers["X-Seen"] == "/v1/x?y=1 -"
    assert post(url, "a key of its own").headers["X-Seen"] == "/v1/x?y=1 Bearer a key of its own"


def test_response_is_streamed(make_endpoint: Make) -> None:
    url = wait_for_url(make_endpoint(type="public"))
    with get_session().stream("POST", f"{url}/", content=b"z") as response:
        begin, chunks = time.monotonic(), []
        for chunk in response.iter_raw():
            chunks.append((chunk, time.monotonic() - begin))
    assert b"".join(chunk for chunk, _ in chunks) == b"0:z 1:z 2:z "
    assert len(chunks) > 1 and chunks[0][1] < chunks[-1][1] - 0.1
