"""Repos through the real client: creation, names, settings, deletion."""

from __future__ import annotations

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, get_session
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import KernelInfo

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, status_of


@pytest.mark.parametrize("repo_type", ["model", "dataset", "space"])
def test_repo_of_each_type_is_created_and_deleted(
    alice: HfApi, hub: LocalHub, name: str, repo_type: str
) -> None:
    sdk = "gradio" if repo_type == "space" else None
    url = alice.create_repo(name, repo_type=repo_type, space_sdk=sdk)
    assert (url.repo_id, url.repo_type, url.endpoint) == (name, repo_type, hub.url)
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_repo(name, repo_type=repo_type, space_sdk=sdk)
    assert status_of(error) == 409
    assert alice.create_repo(name, repo_type=repo_type, space_sdk=sdk, exist_ok=True) == url
    info = alice.repo_info(name, repo_type=repo_type)
    assert not isinstance(info, KernelInfo)
    assert (info.id, info.author, info.private) == (name, name.partition("/")[0], False)
    files = [".gitattributes", *(["README.md"] if repo_type == "space" else [])]
    assert [file.rfilename for file in info.siblings or ()] == files
    commits = alice.list_repo_commits(name, repo_type=repo_type)
    assert [(c.title, c.authors) for c in commits] == [("initial commit", [alice.whoami()["name"]])]
    assert commits[0].commit_id == info.sha
    alice.delete_repo(name, repo_type=repo_type)
    assert not alice.repo_exists(name, repo_type=repo_type)
    with pytest.raises(RepositoryNotFoundError):
        alice.delete_repo(name, repo_type=repo_type)
    alice.delete_repo(name, repo_type=repo_type, missing_ok=True)


def test_static_space_begins_with_a_page(bob: HfApi, name: str) -> None:
    repo = bob.create_repo(name.rpartition("/")[2], repo_type="space", space_sdk="static").repo_id
    files = [".gitattributes", "README.md", "index.html", "style.css"]
    assert bob.list_repo_files(repo, repo_type="space") == files


@pytest.mark.parametrize("bad", ["a--b", "a..b", ".a", "-a", "a-", "x" * 97, "a.git", "ä", "a b"])
def test_invalid_repo_names_are_rejected(hub: LocalHub, bad: str) -> None:
    response = get_session().post(
        f"{hub.url}/api/repos/create",
        headers=auth_header(hub),
        json={"name": bad, "organization": "practice"},
    )
    assert response.status_code == 400
    assert response.headers["x-request-id"]
    assert "Invalid repo name" in response.json()["error"]


def test_case_of_repo_names_does_not_matter(alice: HfApi, repo: str) -> None:
    assert alice.model_info(repo.upper()).id == repo
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo.swapcase())
    assert alice.file_exists(repo, "x")
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_repo(repo.upper())
    assert status_of(error) == 409


def test_organization_may_create_private_repos_by_default(hub: LocalHub) -> None:
    carol = HfApi(endpoint=hub.url, token=hub.token("carol"))
    for given, private in ((None, True), (False, False), (True, True)):
        carol.create_repo(f"lab/{given}", private=given)
        assert carol.model_info(f"lab/{given}").private is private


def test_settings_change_visibility_and_gate(alice: HfApi, repo: str) -> None:
    alice.update_repo_settings(repo, gated="auto", visibility="private")
    info = alice.model_info(repo)
    assert (info.gated, info.private) == ("auto", True)
    alice.update_repo_settings(repo, gated=False)
    assert alice.model_info(repo).gated is False
    alice.auth_check(repo)


def test_repo_without_a_namespace_does_not_exist(alice: HfApi) -> None:
    """Every call answers as it does for a missing repo with a namespace."""
    name, add = "repo-without-a-namespace", [CommitOperationAdd("x", b"y")]
    for call in (
        lambda: alice.model_info(name, revision="main"),
        lambda: list(alice.list_repo_commits(name)),
        lambda: list(alice.list_repo_commits(name, repo_type="dataset")),
        lambda: list(alice.list_repo_tree(name)),
        lambda: alice.get_paths_info(name, ["x"]),
        lambda: alice.create_commit(name, operations=add, commit_message="x"),
        lambda: alice.create_branch(name, branch="x"),
        lambda: alice.create_tag(name, tag="x"),
        lambda: alice.super_squash_history(name),
        lambda: alice.update_repo_settings(name, private=True),
        lambda: alice.create_discussion(name, title="missing"),
        lambda: alice.get_space_runtime(name),
        lambda: alice.delete_repo(name),
    ):
        with pytest.raises(RepositoryNotFoundError):
            call()
    for exists in (
        alice.repo_exists(name),
        alice.revision_exists(name, "main"),
        alice.file_exists(name, "x"),
    ):
        assert exists is False
