"""LFS uploads: the content must match what was announced."""

from __future__ import annotations

import hashlib

from huggingface_hub import get_session

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header

CONTENT = bytes(range(256)) * 2000


def test_upload_must_have_the_announced_size_and_hash(hub: LocalHub, repo: str) -> None:
    oid = hashlib.sha256(CONTENT).hexdigest()
    response = get_session().post(
        f"{hub.url}/{repo}.git/info/lfs/objects/batch",
        json={"operation": "upload", "objects": [{"oid": oid, "size": len(CONTENT)}]},
        headers=auth_header(hub),
    )
    url = response.json()["objects"][0]["actions"]["upload"]["href"]
    for body in (CONTENT[:-1], CONTENT + b"x", b"\1" + CONTENT[1:]):
        assert get_session().put(url, content=body).status_code in (400, 413)
    assert get_session().put(url[:-1] + "x", content=CONTENT).status_code == 403
    assert get_session().put(url, content=CONTENT).status_code == 200
