"""Authentication and permissions: who the user is, and what they may see and change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import NARROW_TOKEN, status_of


def test_whoami_shows_the_user_the_organizations_and_the_role(hub: LocalHub, alice: HfApi) -> None:
    me = alice.whoami()
    assert (me["name"], me["type"]) == ("alice", "user")
    assert [org["name"] for org in me["orgs"]] == ["practice"]
    assert me["auth"]["accessToken"]["role"] == "write"
    reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"


def test_invalid_token_is_an_error_of_its_own(hub: LocalHub, repo: str) -> None:
    api = HfApi(endpoint=hub.url, token="hf_wrong")
    with pytest.raises(HfHubHTTPError) as error:
        api.model_info(repo)
    assert status_of(error) == 401
    assert not isinstance(error.value, RepositoryNotFoundError)


def test_read_token_cannot_write(hub: LocalHub, repo: str) -> None:
    reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
    assert reader.model_info(repo).id == repo
    for write in (
        lambda: reader.create_repo("alice/nothing"),
        lambda: reader.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo),
        lambda: reader.upload_file(
            path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, create_pr=True
        ),
        lambda: reader.create_branch(repo, branch="x"),
        lambda: reader.update_repo_settings(repo, private=True),
        lambda: reader.delete_repo(repo),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            write()
        assert status_of(error) == 403
    assert reader.list_repo_files(repo) == [".gitattributes"]


def test_private_repo_does_not_exist_for_others(
    alice: HfApi, bob: HfApi, anonymous: HfApi, name: str
) -> None:
    alice.create_repo(name, private=True)
    alice.upload_file(path_or_fileobj=b"secret", path_in_repo="a.txt", repo_id=name)
    reads_and_writes: tuple[Callable[[HfApi], object], ...] = (
        lambda api: api.model_info(name),
        lambda api: api.list_repo_files(name),
        lambda api: api.list_repo_commits(name),
        lambda api: api.list_repo_refs(name),
        lambda api: api.get_paths_info(name, ["a.txt"]),
        lambda api: api.get_hf_file_metadata(url=f"{api.endpoint}/{name}/resolve/main/a.txt"),
        lambda api: api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=name),
        lambda api: api.delete_repo(name),
    )
    for other in (bob, anonymous):
        for call in reads_and_writes:
            with pytest.raises(HfHubHTTPError) as error:
                call(other)
            assert isinstance(error.value, RepositoryNotFoundError) or status_of(error) == 401
        assert name not in [m.id for m in other.list_models(author=name.partition("/")[0])]
    assert name in [m.id for m in alice.list_models(author=name.partition("/")[0])]
    alice.update_repo_settings(name, private=False)
    assert bob.model_info(name).private is False


def test_nobody_can_write_to_namespaces_of_others(
    bob: HfApi, anonymous: HfApi, repo: str, name: str
) -> None:
    for call, expected in (
        (lambda: bob.create_repo(f"{name}-b"), 403),
        (lambda: bob.create_repo("nobody/x"), 403),
        (lambda: bob.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo), 403),
        (lambda: bob.delete_repo(repo), 403),
        (lambda: anonymous.create_repo(f"{name}-c"), 401),
        (lambda: anonymous.delete_repo(repo), 401),
        (lambda: anonymous.create_branch(repo, branch="x"), 401),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status_of(error) == expected


def test_members_of_an_organization_are_public(anonymous: HfApi) -> None:
    members = {user.username for user in anonymous.list_organization_members("practice")}
    assert members == {"alice", "kakugo-bot"}


def test_user_name_may_begin_with_underscores(hub: LocalHub) -> None:
    name = "__DUMMY_USER__"
    api = HfApi(endpoint=hub.url, token=hub.token(name))
    assert api.create_repo("x").repo_id == f"{name}/x"
    with pytest.raises(HfHubHTTPError, match="Invalid username or password"):
        api.create_repo("y", token="hf_wrong")


def test_fine_grained_token_reaches_only_its_repo(hub: LocalHub) -> None:
    wide = HfApi(endpoint=hub.url, token=hub.token("carol"))
    narrow = HfApi(endpoint=hub.url, token=NARROW_TOKEN)
    for name in ("guild/mine", "guild/other"):
        wide.create_repo(name, private=True)
    narrow.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id="guild/mine")
    assert narrow.list_repo_files("guild/mine") == [".gitattributes", "x"]
    with pytest.raises(RepositoryNotFoundError):
        narrow.model_info("guild/other")
    assert [model.id for model in narrow.list_models(author="guild")] == ["guild/mine"]
    wide.update_repo_settings("guild/other", private=False)
    for call in (
        lambda: narrow.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id="guild/other"),
        lambda: narrow.create_repo("guild/third"),
        lambda: narrow.delete_repo("guild/other"),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status_of(error) == 403
    for service in (
        lambda: narrow.list_webhooks(),
        lambda: narrow.create_webhook(
            url="http://127.0.0.1:9/", watched=[{"type": "user", "name": "carol"}], domains=["repo"]
        ),
        lambda: narrow.run_job(image="x", command=["true"], namespace="guild"),
        lambda: [*narrow.list_jobs(namespace="guild")],
        lambda: narrow.create_discussion("guild/other", title="not in its scopes"),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            service()
        assert status_of(error) in (403, 404)
    token = narrow.whoami()["auth"]["accessToken"]
    assert token["fineGrained"]["scoped"][0]["entity"]["name"] == "guild/mine"
