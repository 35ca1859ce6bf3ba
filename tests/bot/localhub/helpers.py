"""Helpers that several tests of the local Hub share."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi, RepoFile, get_session
from huggingface_hub.errors import HfHubHTTPError

from bot.localhub.testing import LocalHub

NARROW_TOKEN = "hf_narrow"  # fine-grained, see the fixture `hub`


def auth_header(hub: LocalHub, user: str = "alice") -> dict[str, str]:
    """Return the header with a user's write token."""
    return {"Authorization": f"Bearer {hub.token(user)}"}


def status_of(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    """Return the HTTP status of the error that a client raised."""
    return error.value.response.status_code


def control(hub: LocalHub, call: str, **body: Any) -> Any:
    """POST to `/control/…` and return the response."""
    url = f"{hub.url}/control/{call}"
    return get_session().post(url, json=body, headers=auth_header(hub)).raise_for_status().json()


def post_commit(
    hub: LocalHub, repo: str, lines: Iterable[dict[str, Any] | bytes], user: str = "alice"
) -> httpx2.Response:
    """POST a commit to main of a model repo; bytes are sent as they are."""
    body = b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines
    )
    headers = {**auth_header(hub, user), "Content-Type": "application/x-ndjson"}
    url = f"{hub.url}/api/models/{repo}/commit/main"
    return get_session().post(url, headers=headers, content=body)


def files_of(api: HfApi, repo: str, *paths: str) -> list[RepoFile]:
    """Return the files at these paths of a model repo."""
    infos = api.get_paths_info(repo, list(paths))
    return [info for info in infos if isinstance(info, RepoFile)]


def wait_until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until a condition holds; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not hold within {seconds} s"
        time.sleep(0.05)


def is_running(marker: str) -> bool:
    """Return whether another process has this text in its command line."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in entry.read_bytes() and int(entry.parent.name) != os.getpid():
                return True
        except OSError:
            continue
    return False


class Browser:
    """An HTTP client that keeps cookies, submits forms, and follows redirects."""

    def __init__(self, url: str) -> None:
        self.http = httpx2.Client(base_url=url, trust_env=False, follow_redirects=True)
        self.url = url

    def read(self, path: str, status: int = 200) -> str:
        response = self.http.get(path)
        assert response.status_code == status, (path, response.status_code)
        return response.text

    def submit(self, path: str, page: str, origin: str = "", **fields: str) -> httpx2.Response:
        """Submit a form of a page."""
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token
        data = {"csrf": token[1], **fields}
        return self.http.post(path, data=data, headers={"Origin": origin or self.url})

    def sign_in(self, user: str) -> None:
        page = self.submit("/login", self.read("/login"), user=user, next="/")
        assert page.status_code == 200 and f"<b>{user}</b>" in page.text
