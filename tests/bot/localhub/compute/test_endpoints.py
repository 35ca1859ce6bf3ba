"""Inference Endpoints: a real server, started and stopped through the real client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi, InferenceEndpoint, get_session
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, InferenceEndpointError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.compute.endpoint_server import SERVER, create, wait_for_url
from tests.bot.localhub.helpers import auth_header, control, status_of, wait_until

Make = Callable[..., InferenceEndpoint]
H200 = {"instance_type": "nvidia-h200", "accelerator": "gpu"}


def is_up(url: str) -> bool:
    try:
        return get_session().get(f"{url}/health").status_code == 200
    except httpx2.HTTPError:
        return False


def test_endpoint_is_started_paused_and_resumed(endpoints_api: HfApi, make_endpoint: Make) -> None:
    endpoint = make_endpoint(env={"WORD": "hello"})
    assert endpoint.status in ("pending", "initializing") and endpoint.url is None
    url = wait_for_url(endpoint)
    assert url.startswith(f"{endpoints_api.endpoint}/") and endpoint.health_route == "/health"
    assert get_session().get(f"{url}/health").text == "hello"
    listed = endpoints_api.list_inference_endpoints(namespace="practice")
    assert endpoint.name in [other.name for other in listed]
    endpoint.pause()
    assert endpoint.status == "paused" and endpoint.url == url
    assert not is_up(url)
    endpoint.resume()
    url = wait_for_url(endpoint)
    endpoint.scale_to_zero()
    assert endpoint.status == "scaledToZero" and endpoint.url == url
    endpoint.resume()
    assert is_up(wait_for_url(endpoint))


def test_resuming_a_running_endpoint_fails(endpoints_api: HfApi, make_endpoint: Make) -> None:
    endpoint = make_endpoint()
    wait_for_url(endpoint)
    endpoint.resume(running_ok=True)
    with pytest.raises(BadRequestError, match="already running"):
        endpoints_api.resume_inference_endpoint(
            endpoint.name, namespace="practice", running_ok=False
        )
    assert endpoint.status == "running"


def test_hardware_has_prices(endpoints_api: HfApi) -> None:
    hardware = endpoints_api.list_inference_endpoints_hardware()
    by_type = {(flavor.instance_type, flavor.instance_size): flavor for flavor in hardware}
    cpu, gpu = by_type["intel-spr", "x1"], by_type["nvidia-h200", "x2"]
    assert (cpu.accelerator, cpu.gpu_memory_gb, cpu.price_per_hour) == ("cpu", None, 0.033)
    assert (gpu.accelerator, gpu.num_accelerators, gpu.gpu_memory_gb) == ("gpu", 2, 282)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({**H200, "region": "eu-west-1"}, "not available"),
        ({**H200, "instance_type": "nvidia-h100"}, "not available"),
        ({"instance_size": "x16"}, "not available"),
        ({**H200, "max_replica": 9}, "quota"),
        ({"min_replica": 0, "scale_to_zero_timeout": 14}, "compute.scaling"),
        ({"min_replica": 1, "scale_to_zero_timeout": 15}, "minReplica"),
    ],
)
def test_hardware_that_is_not_on_offer_is_refused(
    endpoints_api: HfApi, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadRequestError, match=reason):
        create(endpoints_api, "refused", **options)


def test_a_namespace_that_cannot_pay_gets_no_endpoint(hub: LocalHub, make_endpoint: Make) -> None:
    control(hub, "account", name="practice", canPay=False)
    try:
        with pytest.raises(HfHubHTTPError, match="Payment method required") as error:
            make_endpoint()
        assert status_of(error) == 403
        url = f"{hub.url}/endpoints-api/v2/provider/practice"
        vendors = get_session().get(url, headers=auth_header(hub)).json()["vendors"]
        computes = vendors[0]["regions"][0]["computes"]
        assert {compute["quota"]["maxAccelerators"] for compute in computes} == {0}
    finally:
        control(hub, "account", name="practice", canPay=True)


def test_an_endpoint_without_a_health_route_counts_as_running_at_once(make_endpoint: Make) -> None:
    endpoint = make_endpoint("import time; time.sleep(60)", custom_image={"url": "x", "port": 80})
    wait_until(lambda: endpoint.fetch().status == "running")
    assert get_session().get(f"{endpoint.url}/health").status_code == 502


def test_failed_start_shows_the_reason(make_endpoint: Make) -> None:
    endpoint = make_endpoint("raise SystemExit('no model here')")
    with pytest.raises(InferenceEndpointError):
        endpoint.wait(timeout=20, refresh_every=0.1)  # type: ignore[arg-type]
    assert "no model here" in endpoint.fetch().raw["status"]["message"]


def test_crash_is_detected(make_endpoint: Make) -> None:
    crash = "import threading, os\nthreading.Timer(1, os._exit, [3]).start()\n"
    endpoint = make_endpoint(crash + SERVER)
    wait_for_url(endpoint)
    wait_until(lambda: endpoint.fetch().status != "running")
    assert endpoint.status == "failed" and "exit code 3" in endpoint.raw["status"]["message"]


def test_update_replaces_the_process(make_endpoint: Make) -> None:
    endpoint = make_endpoint(env={"WORD": "old"})
    wait_for_url(endpoint)
    endpoint.update(container_args=["-c", SERVER.replace("'none'", "'new'")], min_replica=1)
    assert endpoint.status == "updating"
    wait_for_url(endpoint)
    scaling = endpoint.raw["compute"]["scaling"]
    assert (scaling["minReplica"], scaling["maxReplica"]) == (1, 2), "other values stay"
    assert endpoint.raw["model"]["repository"] == "practice/teacher"


def test_secrets_reach_only_the_process(make_endpoint: Make) -> None:
    endpoint = make_endpoint(secrets={"WORD": "secret value"})
    assert get_session().get(f"{wait_for_url(endpoint)}/health").text == "secret value"
    assert "secret value" not in str(endpoint.raw) and endpoint.raw["model"]["secrets"] == {}


def test_invalid_requests_are_rejected(
    endpoints_api: HfApi, hub: LocalHub, make_endpoint: Make
) -> None:
    endpoint = make_endpoint()
    with pytest.raises(HfHubHTTPError) as error:
        create(endpoints_api, endpoint.name)
    assert status_of(error) == 409
    with pytest.raises(BadRequestError, match="name"):
        create(endpoints_api, "Not A Name")
    with pytest.raises(HfHubHTTPError) as error:
        endpoints_api.get_inference_endpoint("missing", namespace="practice")
    assert status_of(error) == 404
    bob = HfApi(endpoint=hub.url, token=hub.token("bob"))
    with pytest.raises(HfHubHTTPError) as error:
        bob.get_inference_endpoint(endpoint.name, namespace="practice")
    assert status_of(error) == 401
