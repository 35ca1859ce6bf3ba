"""Gated repos: access is requested, granted and denied."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from huggingface_hub import HfApi, get_session
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, status_of


def request_access(hub: LocalHub, user: str, repo: str) -> str:
    url = f"{hub.url}/{repo}/ask-access"
    response = get_session().post(url, headers=auth_header(hub, user)).raise_for_status()
    return str(response.json()["status"])


def test_gated_repo_opens_to_users_with_access(
    alice: HfApi, bob: HfApi, anonymous: HfApi, hub: LocalHub, repo: str, tmp_path: Path
) -> None:
    numbers = itertools.count()

    def download(api: HfApi) -> str:
        return api.hf_hub_download(repo, "x.txt", cache_dir=tmp_path / str(next(numbers)))

    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo)
    alice.update_repo_settings(repo, gated="manual")
    assert bob.model_info(repo).gated == "manual"
    assert download(alice)
    for other in (bob, anonymous):
        with pytest.raises(GatedRepoError, match="not in the authorized list"):
            download(other)
        with pytest.raises(GatedRepoError):
            other.auth_check(repo)
    assert request_access(hub, "bob", repo) == "pending"
    assert [r.username for r in alice.list_pending_access_requests(repo)] == ["bob"]
    with pytest.raises(GatedRepoError, match="awaiting a review"):
        download(bob)
    alice.accept_access_request(repo, "bob")
    assert [r.username for r in alice.list_accepted_access_requests(repo)] == ["bob"]
    assert download(bob)
    bob.auth_check(repo)
    alice.reject_access_request(repo, "bob", rejection_reason="no")
    with pytest.raises(GatedRepoError, match="rejected"):
        download(bob)
    alice.cancel_access_request(repo, "bob")
    alice.grant_access(repo, "bob")
    with pytest.raises(HfHubHTTPError) as error:
        alice.grant_access(repo, "bob")
    assert status_of(error) == 400
    with pytest.raises(HfHubHTTPError) as error:
        alice.grant_access(repo, "nobody")
    assert status_of(error) == 404
    with pytest.raises(HfHubHTTPError) as error:
        list(bob.list_pending_access_requests(repo))
    assert status_of(error) == 403


def test_automatic_gate_grants_access_at_once(alice: HfApi, hub: LocalHub, repo: str) -> None:
    with pytest.raises(HfHubHTTPError) as error:
        list(alice.list_pending_access_requests(repo))
    assert status_of(error) == 400
    alice.update_repo_settings(repo, gated="auto")
    assert request_access(hub, "bob", repo) == "accepted"
