"""The account of who is signed in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

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
        ("http://[", "/"),
    ],
)
def test_who_refuses_to_sign_in_stays_on_this_space(target: str, page: str) -> None:
    from sign_in import back_to_page

    query = urlencode({"error": "access_denied", "_target_url": target})
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    assert back_to_page(request, Exception()).headers["location"] == page


def test_who_the_hub_keeps_waiting_signs_in_again_at_most_twice() -> None:
    from sign_in import begin_again

    target = "/stewards?language=eo&ui=eo"
    query = urlencode({"_target_url": target})
    answers = []
    while query:
        scope = {"type": "http", "query_string": query.encode(), "headers": []}
        answers.append(begin_again(Request(scope), Exception()))
        query = urlsplit(answers[-1].headers.get("location", "")).query
    assert [answer.status_code for answer in answers] == [307, 307, 503]
    assert parse_qs(urlsplit(answers[1].headers["location"]).query)["_target_url"] == [target]
    assert b"La Hub nun ne respondas" in answers[2].body
