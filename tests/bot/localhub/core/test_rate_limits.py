"""Calls, identity checks and commits are limited as on the real Hub."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session, parse_ratelimit_headers  # type: ignore[attr-defined]

from bot.localhub.core.rules import Rules
from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, control, status_of


def test_responses_say_what_is_left_and_the_last_call_is_refused(tmp_path: Path) -> None:
    with LocalHub(tmp_path, rules=Rules(api_calls=4)) as hub:
        url = f"{hub.url}/api/models"
        for left in (11, 10):  # an organization with the plan Team has three times as many
            seen = parse_ratelimit_headers(get_session().get(url, headers=auth_header(hub)).headers)
            assert seen is not None
            assert (seen.remaining, seen.limit, seen.window_seconds) == (left, 12, 300)
        for _ in range(2):
            assert get_session().get(url).status_code == 200, "an address has half as many"
        refused = get_session().get(url)
        assert refused.status_code == 429 and "'api' rate limit" in refused.json()["error"]
        seen = parse_ratelimit_headers(refused.headers)
        assert seen is not None and seen.remaining == 0 and 0 < seen.reset_in_seconds <= 300
        assert get_session().get(url, headers=auth_header(hub)).status_code == 200


def test_whoami_has_a_limit_of_its_own(tmp_path: Path) -> None:
    with LocalHub(tmp_path, rules=Rules(whoami_calls=2)) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        for _ in range(2):
            api.whoami(cache=False)
        with pytest.raises(HfHubHTTPError, match="intentionally strict"):
            api.whoami(cache=False)
        reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
        assert reader.whoami()["name"] == "alice", "each token is counted by itself"
        assert api.model_info(api.create_repo("alice/m").repo_id).id == "alice/m"


def test_commits_to_one_repo_are_limited_per_hour(tmp_path: Path) -> None:
    with LocalHub(tmp_path, rules=Rules(commits_per_hour=3)) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        for name in ("alice/one", "alice/two"):
            api.create_repo(name)

        def commit(name: str) -> None:
            content = str(time.monotonic_ns()).encode()  # the client skips what changes nothing
            api.create_commit(name, [CommitOperationAdd("x", content)], commit_message="x")

        for _ in range(2):  # the first commit made the repo
            commit("alice/one")
        with pytest.raises(HfHubHTTPError, match="3 per hour") as error:
            commit("alice/one")
        assert status_of(error) == 429
        commit("alice/two")
        control(hub, "clock", advance=3601)
        commit("alice/one")
