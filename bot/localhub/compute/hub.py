"""The Hub together with everything that runs on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from starlette.requests import Request

from bot.localhub.compute.job_runner import JobRunner
from bot.localhub.compute.served_process import ServedProcesses
from bot.localhub.compute.space_runner import SpaceRunner
from bot.localhub.core.hub import Hub


@dataclass
class EndpointTraffic:
    """The client that forwards requests to endpoints, and how busy each endpoint is.

    in_flight: requests per endpoint id. last_at: when a request last came in or ended.
    """

    client: aiohttp.ClientSession
    in_flight: dict[str, int] = field(default_factory=dict)
    last_at: dict[str, datetime] = field(default_factory=dict)

    def enter(self, endpoint_id: str, now: datetime) -> None:
        """Count a request that came in."""
        self.in_flight[endpoint_id] = self.in_flight.get(endpoint_id, 0) + 1
        self.last_at[endpoint_id] = now

    def leave(self, endpoint_id: str, now: datetime) -> None:
        """Discount a request that ended."""
        self.in_flight[endpoint_id] -= 1
        self.last_at[endpoint_id] = now


@dataclass
class ComputeHub(Hub):
    """A Hub that runs processes; its services set these fields when they start."""

    jobs: JobRunner = field(init=False)
    spaces: SpaceRunner = field(init=False)
    endpoints: ServedProcesses = field(init=False)
    endpoint_traffic: EndpointTraffic = field(init=False)


def hub_of(request: Request) -> ComputeHub:
    """Return the Hub that received a request."""
    hub = request.app.state.hub
    assert isinstance(hub, ComputeHub)
    return hub
