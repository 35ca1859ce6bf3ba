"""The teacher's Inference Endpoint: read it, create it, start it, pause it."""

from __future__ import annotations

from typing import Any

from huggingface_hub import InferenceEndpoint
from huggingface_hub.errors import HfHubHTTPError

from bot.domain.observation import FAILED_STATES
from bot.domain.recipe import EndpointSpec
from bot.hub.client import Connection, status_code, translate_errors, value_of
from bot.installation.state import Endpoint

# In these states nothing runs. An endpoint that is scaled to zero still has to be paused: any call
# starts it, and it uses the quota.
ASLEEP = ("paused", "scaledToZero")
STOPPED = (*ASLEEP, *FAILED_STATES)


def find_endpoint(hub: Connection, name: str) -> InferenceEndpoint | None:
    """Return the endpoint; None if there is none of this name. Raises TryLater and Refused."""
    with translate_errors(f"read the endpoint {name}"):
        try:
            return hub.api.get_inference_endpoint(name, namespace=hub.org)
        except HfHubHTTPError as error:
            if status_code(error) != 404:
                raise
            return None


def endpoint_state(endpoint: InferenceEndpoint) -> str:
    return value_of(endpoint.status)


def run_or_pause(hub: Connection, spec: EndpointSpec, running: bool) -> None:
    """Create or resume the endpoint, or pause it. Raises TryLater and Refused."""
    endpoint = find_endpoint(hub, spec.name)
    with translate_errors(f"{'start' if running else 'pause'} the endpoint {spec.name}"):
        if endpoint is None:
            if running:
                create_endpoint(hub, Endpoint(spec))
            return
        state = endpoint_state(endpoint)
        if running and state in STOPPED:
            hub.api.resume_inference_endpoint(spec.name, namespace=hub.org)
        elif not running and state != "paused":
            hub.api.pause_inference_endpoint(spec.name, namespace=hub.org)


def create_endpoint(hub: Connection, endpoint: Endpoint) -> None:
    """Create the endpoint, which also starts it. Raises the client's errors."""
    spec = endpoint.spec
    hub.api.create_inference_endpoint(
        spec.name,
        namespace=hub.org,
        framework="custom",
        region=spec.region,
        vendor=spec.vendor,
        type=endpoint.access,
        **update_arguments(endpoint),
    )


def update_arguments(endpoint: Endpoint) -> dict[str, Any]:
    """Return the settings that can be changed later, as arguments of the client's methods."""
    spec = endpoint.spec
    return {
        "repository": spec.model,
        "revision": spec.revision or None,
        "accelerator": spec.accelerator,
        "instance_size": spec.instance_size,
        "instance_type": spec.instance_type,
        "custom_image": {
            "url": spec.image,
            "healthRoute": endpoint.health_route,
            "port": endpoint.port,
        },
        "container_command": list(spec.command),
        "min_replica": 0,
        "max_replica": spec.max_replica,
        "scale_to_zero_timeout": endpoint.idle_minutes,
    }
