"""Which URLs of servers may be shown."""

from __future__ import annotations

import pytest

from recipes.validation.http_urls import url_problem

NO_URL = "is not an http or https URL"
PASSWORD = "has a user name or password in it, which others could read: leave it out"
QUERY = "has a `?` or `#` in it: leave out what follows"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://host", ""),
        ("http://127.0.0.1:8080/v1/", ""),
        ("http://[::1]:8080", ""),
        *((text, NO_URL) for text in ("", "host", "ftp://host", "https://", "https:///path")),
        *((f"https://host:{port}", NO_URL) for port in ("0", "65536", "x", "-1")),
        *((text, NO_URL) for text in ("https://[::1", "https://a b", "https://a/\x1b[2J")),
        *((f"https://{user}@host", PASSWORD) for user in ("me", "me:secret", ":secret", "")),
        *((f"https://host/{rest}", QUERY) for rest in ("?", "?token=secret", "#", "#secret")),
    ],
)
def test_url_is_accepted_or_its_problem_is_named(url: str, problem: str) -> None:
    assert url_problem(url) == problem
