"""Which host names the Hub accepts, and where it requires a token for every call."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, get_session
from huggingface_hub.errors import HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import status_of


def test_other_host_names_are_rejected(hub: LocalHub, repo: str) -> None:
    """A page of another site whose name resolves to this machine cannot read from the Hub."""
    port = hub.url.rpartition(":")[2]
    for path in ("/", f"/api/models/{repo}", "/login"):
        assert get_session().get(hub.url + path).status_code == 200
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.2", "["):
            response = get_session().get(hub.url + path, headers={"Host": host})
            assert response.status_code == 421 and repo not in response.text
    assert get_session().get(f"{hub.url}/", headers={"Host": f"localhost:{port}"}).is_success


def own_address() -> str | None:
    """Return an address of this machine that is not loopback, without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def test_every_call_needs_a_token_where_other_machines_can_connect(tmp_path: Path) -> None:
    address = own_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has no other address")
    with LocalHub(tmp_path, host=address) as hub:
        assert hub.url.startswith(f"http://{address}:")
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        api.create_repo("alice/open")
        api.upload_file(path_or_fileobj=b"x\0", path_in_repo="x.bin", repo_id="alice/open")
        anonymous = HfApi(endpoint=hub.url, token=False)
        for call in (
            lambda: anonymous.model_info("alice/open"),
            lambda: [*anonymous.list_models()],
        ):
            with pytest.raises(HfHubHTTPError) as error:
                call()
            assert status_of(error) == 401
        with httpx2.Client(base_url=hub.url, follow_redirects=True, trust_env=False) as http:
            assert http.get("/alice/open").status_code == 401
            form = re.search(r'name="csrf" value="(\w+)"', http.get("/login").text)
            assert form
            fields = {"csrf": form[1], "user": "alice", "next": "/alice/open"}
            for token in ("", "hf_wrong", hub.read_token("alice")):
                assert http.post("/login", data={**fields, "token": token}).status_code == 403
            page = http.post("/login", data={**fields, "token": hub.token("alice")})
            assert page.status_code == 200 and "x.bin" in http.get("/alice/open/tree/main").text
