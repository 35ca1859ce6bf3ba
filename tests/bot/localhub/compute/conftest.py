"""Fixtures for Inference Endpoints."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from huggingface_hub import HfApi, InferenceEndpoint

from bot.localhub.testing import LocalHub
from tests.bot.localhub.compute.endpoint_server import SERVER, create, use_endpoints_of


@pytest.fixture
def endpoints_api(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> HfApi:
    """A client whose endpoints service is the Hub's."""
    return use_endpoints_of(hub, monkeypatch)


@pytest.fixture
def make_endpoint(endpoints_api: HfApi) -> Iterator[Callable[..., InferenceEndpoint]]:
    """Create endpoints that are deleted afterwards."""
    created: list[InferenceEndpoint] = []

    def make(code: str = SERVER, **options: Any) -> InferenceEndpoint:
        name = f"e{os.getpid()}-{time.time_ns() % 10**12}"
        created.append(create(endpoints_api, name, code, **options))
        return created[-1]

    yield make
    for endpoint in created:
        endpoint.delete()
