"""A small server that runs as the container of an Inference Endpoint, and clients for it."""

from __future__ import annotations

from typing import Any

import pytest
from huggingface_hub import HfApi, InferenceEndpoint, constants

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


def use_endpoints_of(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> HfApi:
    """Return alice's client, whose endpoints service is the Hub's."""
    base = f"{hub.url}/endpoints-api/v2"
    monkeypatch.setattr(constants, "INFERENCE_ENDPOINTS_ENDPOINT", base)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", hub.token("alice"))
    return HfApi(endpoint=hub.url, token=hub.token("alice"))


DEFAULTS: dict[str, Any] = {
    "type": "public",
    "max_replica": 2,
    "accelerator": "cpu",
    "vendor": "aws",
    "region": "us-east-1",
    "instance_type": "intel-spr",
    "instance_size": "x1",
    "custom_image": {"url": "docker.io/x", "port": 80, "healthRoute": "/health"},
}


def create(api: HfApi, name: str, code: str = SERVER, **options: Any) -> InferenceEndpoint:
    """Create an endpoint of `practice` that runs Python code."""
    return api.create_inference_endpoint(
        name, repository="practice/teacher", framework="custom", task="text-generation",
        namespace="practice", container_command=["python"], container_args=["-c", code],
        **{**DEFAULTS, **options},
    )  # fmt: skip


def wait_for_url(endpoint: InferenceEndpoint) -> str:
    """Wait until the endpoint runs, and return its URL."""
    endpoint.wait(timeout=20, refresh_every=0.1)  # type: ignore[arg-type]
    assert endpoint.status == "running" and endpoint.url is not None
    return endpoint.url
