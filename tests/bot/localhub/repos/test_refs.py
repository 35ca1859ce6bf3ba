"""Branches, tags and commit listings through the real client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, get_session
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RevisionNotFoundError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, post_commit, status_of


def test_branches_and_tags_are_created_listed_and_deleted(alice: HfApi, repo: str) -> None:
    first = alice.model_info(repo).sha
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo)
    alice.create_branch(repo, branch="dev/one", revision=first)
    alice.create_tag(repo, tag="v1", tag_message="the first")
    refs = alice.list_repo_refs(repo, include_pull_requests=True)
    assert {b.ref: b.target_commit for b in refs.branches}["refs/heads/dev/one"] == first
    assert [t.name for t in refs.tags] == ["v1"]
    assert refs.pull_requests == []
    assert alice.list_repo_files(repo, revision="dev/one") == [".gitattributes"]
    assert alice.list_repo_files(repo, revision="v1") == [".gitattributes", "x"]
    assert alice.model_info(repo, revision=str(first)[:8]).sha == first
    calls: tuple[Callable[[], object], ...] = (
        lambda: alice.create_branch(repo, branch="dev/one"),
        lambda: alice.create_tag(repo, tag="v1"),
    )
    for call in calls:
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status_of(error) == 409
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main") as error:
        alice.delete_branch(repo, branch="main")
    assert status_of(error) == 403
    alice.delete_branch(repo, branch="dev/one")
    alice.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        alice.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(repo, revision="dev/one")
    with pytest.raises(RevisionNotFoundError):
        alice.create_branch(repo, branch="two", revision="nowhere")


@pytest.mark.parametrize("bad", ["a..b", "a b", "x.lock", "/x", "a~1", ".x", "a" * 40])
def test_invalid_branch_names_are_rejected(alice: HfApi, repo: str, bad: str) -> None:
    with pytest.raises(BadRequestError):
        alice.create_branch(repo, branch=bad)
    assert len(alice.list_repo_refs(repo).branches) == 1


def test_squash_leaves_one_commit_with_the_same_files(alice: HfApi, repo: str) -> None:
    for n in range(3):
        alice.upload_file(path_or_fileobj=b"x", path_in_repo=f"{n}", repo_id=repo)
    files = alice.list_repo_files(repo)
    alice.super_squash_history(repo, commit_message="all in one")
    assert [c.title for c in alice.list_repo_commits(repo)] == ["all in one"]
    assert alice.list_repo_files(repo) == files


def test_history_is_listed_in_pages(alice: HfApi, hub: LocalHub, repo: str) -> None:
    for number in range(101):
        content = {"path": "n", "content": str(number), "encoding": "utf-8"}
        lines = [
            {"key": "header", "value": {"summary": str(number)}},
            {"key": "file", "value": content},
        ]
        post_commit(hub, repo, lines).raise_for_status()
    titles = [commit.title for commit in alice.list_repo_commits(repo)]
    assert titles == [*(str(number) for number in reversed(range(101))), "initial commit"]


def test_tag_on_a_missing_revision_is_an_error_of_the_revision(alice: HfApi, repo: str) -> None:
    with pytest.raises(RevisionNotFoundError):
        alice.create_tag(repo, tag="no tag", revision="nowhere")
    with pytest.raises(HfHubHTTPError, match="ref name"):
        alice.create_tag(repo, tag="no tag")


def test_a_branch_is_replaced_only_on_request(hub: LocalHub, alice: HfApi, repo: str) -> None:
    first = alice.model_info(repo).sha
    alice.create_branch(repo, branch="work")
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, revision="work")
    url = f"{hub.url}/api/models/{repo}/branch/work"
    for body, status in (({}, 409), ({"overwrite": True}, 201)):
        assert get_session().post(url, json=body, headers=auth_header(hub)).status_code == status
    assert alice.model_info(repo, revision="work").sha == first


def test_commits_are_listed_fifty_a_page(hub: LocalHub, alice: HfApi, repo: str) -> None:
    for n in range(51):
        alice.create_commit(repo, [CommitOperationAdd("n", f"{n}".encode())], commit_message=str(n))
    url = f"{hub.url}/api/models/{repo}/commits/main"
    pages = [get_session().get(f"{url}?p={page}").json() for page in (0, 1, 2)]
    assert [len(page) for page in pages] == [50, 2, 0]
    assert len(alice.list_repo_commits(repo)) == 52
