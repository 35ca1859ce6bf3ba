"""Repos come, are found, change and go."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from bot.localhub.testing import LocalHub

CARD = """---
license: apache-2.0
language: [eo, en]
tags: [practice, kakugo]
library_name: peft
base_model: practice/base
pipeline_tag: text-generation
datasets: [practice/data]
---
# A card
"""


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_a_new_repo_of_each_type(alice: HfApi, hub: LocalHub, name: str, kind: str) -> None:
    sdk = "gradio" if kind == "space" else None
    url = alice.create_repo(name, repo_type=kind, space_sdk=sdk)
    assert (url.repo_id, url.repo_type, url.endpoint) == (name, kind, hub.url)
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_repo(name, repo_type=kind, space_sdk=sdk)
    assert error.value.response.status_code == 409
    assert alice.create_repo(name, repo_type=kind, space_sdk=sdk, exist_ok=True) == url
    info = alice.repo_info(name, repo_type=kind)
    assert (info.id, info.author, info.private) == (name, name.partition("/")[0], False)
    files = [".gitattributes", *(["README.md"] if kind == "space" else [])]
    assert [s.rfilename for s in info.siblings] == files
    commits = alice.list_repo_commits(name, repo_type=kind)
    assert [(c.title, c.authors) for c in commits] == [("initial commit", [alice.whoami()["name"]])]
    assert commits[0].commit_id == info.sha
    alice.delete_repo(name, repo_type=kind)
    assert not alice.repo_exists(name, repo_type=kind)
    with pytest.raises(RepositoryNotFoundError):
        alice.delete_repo(name, repo_type=kind)
    alice.delete_repo(name, repo_type=kind, missing_ok=True)


@pytest.mark.parametrize("bad", ["a--b", "a..b", ".a", "-a", "a-", "x" * 97, "a.git", "ä", "a b"])
def test_absurd_names_are_refused(hub: LocalHub, bad: str) -> None:
    from huggingface_hub.utils import get_session

    answer = get_session().post(
        f"{hub.url}/api/repos/create",
        headers={"Authorization": f"Bearer {hub.token('alice')}"},
        json={"name": bad, "organization": "practice"},
    )
    assert answer.status_code == 400
    assert answer.headers["x-request-id"]
    assert "Invalid repo name" in answer.json()["error"]


def test_the_card_makes_the_tags(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=repo)
    info = alice.model_info(repo)
    assert info.card_data is not None
    assert info.card_data.license == "apache-2.0"
    assert info.library_name == "peft"
    assert info.pipeline_tag == "text-generation"
    assert info.tags is not None
    assert {
        "peft", "practice", "kakugo", "eo", "license:apache-2.0", "base_model:practice/base",
        "dataset:practice/data",
    } <= set(info.tags)  # fmt: skip
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="a.safetensors", repo_id=repo)
    assert repo in [m.id for m in alice.list_models(filter=["kakugo", "eo", "safetensors"])]
    assert repo not in [m.id for m in alice.list_models(filter=["kakugo", "fr"])]


@pytest.mark.parametrize(
    "metadata",
    ["license: [1, 2]", "license: asdf", "a: [", "a: &x 1\nb: *x", "- a\n- b", "tags: {a: b}"],
)
def test_a_card_with_wrong_metadata_stays_out(alice: HfApi, repo: str, metadata: str) -> None:
    card = f"---\n{metadata}\n---\ntext".encode()
    with pytest.raises((BadRequestError, ValueError)):
        alice.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=repo)
    assert alice.list_repo_files(repo) == [".gitattributes"]


def test_a_moved_repo_is_found_under_its_old_name(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo)
    target = f"{alice.whoami()['name']}/{repo.partition('/')[2]}-moved"
    alice.move_repo(repo, target)
    assert alice.model_info(target).id == target
    assert alice.model_info(repo).id == target
    assert alice.file_exists(repo, "x.txt")
    again = alice.create_repo(repo).repo_id
    assert alice.model_info(repo).id == again == repo
    with pytest.raises(HfHubHTTPError, match="already exists") as error:
        alice.move_repo(repo, target)
    assert error.value.response.status_code == 409


def test_names_match_whatever_their_case(alice: HfApi, repo: str) -> None:
    assert alice.model_info(repo.upper()).id == repo
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo.swapcase())
    assert alice.file_exists(repo, "x")
    with pytest.raises(HfHubHTTPError) as error:
        alice.create_repo(repo.upper())
    assert error.value.response.status_code == 409


def test_an_organisation_whose_repos_begin_private(tmp_path: Path) -> None:
    hub = LocalHub(tmp_path)
    seed = yaml.safe_load(hub.seed.read_text())
    seed["orgs"].append({"name": "lab", "members": ["alice"], "private_by_default": True})
    hub.seed.write_text(yaml.safe_dump(seed))
    with hub:
        alice = HfApi(endpoint=hub.url, token=hub.token("alice"))
        for given, private in ((None, True), (False, False), (True, True)):
            alice.create_repo(f"lab/{given}", private=given)
            assert alice.model_info(f"lab/{given}").private is private


def test_settings(alice: HfApi, repo: str) -> None:
    alice.update_repo_settings(repo, gated="auto", visibility="private")
    info = alice.model_info(repo)
    assert (info.gated, info.private) == ("auto", True)
    alice.update_repo_settings(repo, gated=False)
    assert alice.model_info(repo).gated is False
    alice.auth_check(repo)


def test_listings_filter_sort_and_go_on_over_pages(alice: HfApi, name: str) -> None:
    owner, word = name.split("/")
    names = [f"{owner}/list-{word}-{n}" for n in range(5)]
    for each in names:
        alice.create_repo(each, repo_type="dataset")
    found = [d.id for d in alice.list_datasets(search=f"list-{word}", sort="created_at")]
    assert found == names[::-1]
    assert [d.id for d in alice.list_datasets(search=f"list-{word}-3")] == [names[3]]
    assert list(alice.list_datasets(author="nobody-of-this-name", search=word)) == []
    assert len(list(alice.list_datasets(search=f"list-{word}", limit=2))) == 2
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=names[1], repo_type="dataset")
    newest = next(iter(alice.list_datasets(search=f"list-{word}", sort="last_modified")))
    assert newest.id == names[1]


def test_the_link_header_leads_to_the_next_page(hub: LocalHub, alice: HfApi, name: str) -> None:
    from huggingface_hub.utils._pagination import paginate

    word = name.rpartition("/")[2]
    for n in range(3):
        alice.create_repo(f"practice/page-{word}-{n}")
    params = {"search": f"page-{word}", "limit": 2}
    items = list(paginate(f"{hub.url}/api/models", params=params, headers={}))
    assert len({item["id"] for item in items}) == 3


def test_expand_gives_what_was_asked_and_refuses_the_unknown(alice: HfApi, repo: str) -> None:
    info = alice.model_info(repo, expand=["sha", "likes"])
    assert info.sha and info.likes == 0
    assert info.siblings is None
    with pytest.raises(HfHubHTTPError, match="expected one of") as error:
        alice.model_info(repo, expand=["foo"])  # type: ignore[list-item]
    assert error.value.response.status_code == 400


def test_refs(alice: HfApi, repo: str) -> None:
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
    for call in (
        lambda: alice.create_branch(repo, branch="dev/one"),
        lambda: alice.create_tag(repo, tag="v1"),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert error.value.response.status_code == 409
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main") as error:
        alice.delete_branch(repo, branch="main")
    assert error.value.response.status_code == 403
    alice.delete_branch(repo, branch="dev/one")
    alice.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        alice.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(repo, revision="dev/one")
    with pytest.raises(RevisionNotFoundError):
        alice.create_branch(repo, branch="two", revision="nowhere")


@pytest.mark.parametrize("bad", ["a..b", "a b", "x.lock", "/x", "a~1", ".x", "a" * 40])
def test_absurd_branch_names_are_refused(alice: HfApi, repo: str, bad: str) -> None:
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


def test_history_in_pages(alice: HfApi, repo: str) -> None:
    for n in range(120):
        alice.upload_file(
            path_or_fileobj=str(n).encode(), path_in_repo="n", repo_id=repo, commit_message=str(n)
        )
    titles = [c.title for c in alice.list_repo_commits(repo)]
    assert titles == [*(str(n) for n in reversed(range(120))), "initial commit"]


def test_an_id_without_an_owner_names_a_missing_repo(alice: HfApi) -> None:
    """As for one that has an owner, whatever is asked of it."""
    name, add = "repo-without-an-owner", [CommitOperationAdd("x", b"y")]
    for ask in (
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
        lambda: alice.unlike(name),
        lambda: alice.get_space_runtime(name),
        lambda: alice.delete_repo(name),
    ):
        with pytest.raises(RepositoryNotFoundError):
            ask()
    for exists in (
        alice.repo_exists(name),
        alice.revision_exists(name, "main"),
        alice.file_exists(name, "x"),
    ):
        assert exists is False


def test_a_tag_on_a_missing_revision_is_refused_for_that(alice: HfApi, repo: str) -> None:
    with pytest.raises(RevisionNotFoundError):
        alice.create_tag(repo, tag="no tag", revision="nowhere")
    with pytest.raises(HfHubHTTPError, match="ref name"):
        alice.create_tag(repo, tag="no tag")
