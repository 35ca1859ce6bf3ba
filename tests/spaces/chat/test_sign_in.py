"""The account of who is signed in."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from starlette.requests import Request


@pytest.mark.parametrize(
    ("target", "page"),
    [
        ("/stewards?language=eo", "/stewards?language=eo"),
        ("", "/"),
        ("https://evil.example/x", "/x"),
        ("////evil.example", "/evil.example"),
        ("/\\evil.example", "/evil.example"),
    ],
)
def test_who_refuses_to_sign_in_stays_on_this_space(target: str, page: str) -> None:
    from sign_in import back_to_page

    query = urlencode({"error": "access_denied", "_target_url": target})
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    assert back_to_page(request, Exception()).headers["location"] == page
