"""Who one is, and what one may see and do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from bot.localhub.testing import LocalHub


def status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    return error.value.response.status_code


def test_whoami_tells_the_user_the_orgs_and_the_role(hub: LocalHub, alice: HfApi) -> None:
    me = alice.whoami()
    assert (me["name"], me["type"]) == ("alice", "user")
    assert [org["name"] for org in me["orgs"]] == ["practice"]
    assert me["auth"]["accessToken"]["role"] == "write"
    reader = HfApi(endpoint=hub.url, token=hub.read_token("alice"))
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"


def test_a_wrong_token_is_refused_and_is_not_a_missing_repo(hub: LocalHub, repo: str) -> None:
    stranger = HfApi(endpoint=hub.url, token="hf_wrong")
    with pytest.raises(HfHubHTTPError) as error:
        stranger.model_info(repo)
    assert status(error) == 401
    assert not isinstance(error.value, RepositoryNotFoundError)


def test_a_read_token_reads_and_writes_nothing(hub: LocalHub, repo: str) -> None:
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
        assert status(error) == 403
    assert reader.list_repo_files(repo) == [".gitattributes"]


def test_a_private_repo_is_not_there_for_others(
    alice: HfApi, bob: HfApi, anonymous: HfApi, name: str
) -> None:
    alice.create_repo(name, private=True)
    alice.upload_file(path_or_fileobj=b"secret", path_in_repo="a.txt", repo_id=name)
    for other in (bob, anonymous):
        for look in (
            lambda api=other: api.model_info(name),
            lambda api=other: api.list_repo_files(name),
            lambda api=other: api.list_repo_commits(name),
            lambda api=other: api.list_repo_refs(name),
            lambda api=other: api.get_paths_info(name, ["a.txt"]),
            lambda api=other: api.get_hf_file_metadata(
                url=f"{api.endpoint}/{name}/resolve/main/a.txt"
            ),
            lambda api=other: api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=name),
            lambda api=other: api.delete_repo(name),
        ):
            with pytest.raises(HfHubHTTPError) as error:
                look()
            assert isinstance(error.value, RepositoryNotFoundError) or status(error) == 401
        assert name not in [m.id for m in other.list_models(author=name.partition("/")[0])]
    assert name in [m.id for m in alice.list_models(author=name.partition("/")[0])]
    alice.update_repo_settings(name, private=False)
    assert bob.model_info(name).private is False


def test_nobody_writes_in_the_namespace_of_others(
    bob: HfApi, anonymous: HfApi, repo: str, name: str
) -> None:
    for call, expected in (
        (lambda: bob.create_repo(f"{name}-b"), 403),
        (lambda: bob.create_repo("nobody/x"), 403),
        (lambda: bob.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo), 403),
        (lambda: bob.delete_repo(repo), 403),
        (lambda: bob.move_repo(repo, "bob/mine"), 403),
        (lambda: anonymous.create_repo(f"{name}-c"), 401),
        (lambda: anonymous.delete_repo(repo), 401),
        (lambda: anonymous.create_branch(repo, branch="x"), 401),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status(error) == expected


def test_what_is_not_served_says_so_by_name(hub: LocalHub, alice: HfApi) -> None:
    with pytest.raises(HfHubHTTPError) as error:
        alice.paper_info("2401.00001")
    assert status(error) == 501
    assert "GET /api/papers/2401.00001" in str(error.value)


def test_accounts_have_public_sides(hub: LocalHub, anonymous: HfApi) -> None:
    assert anonymous.get_user_overview("alice").fullname == "alice"
    assert anonymous.get_organization_overview("practice").fullname == "practice"
    members = {user.username for user in anonymous.list_organization_members("practice")}
    assert members == {"alice", "kakugo-bot"}


def test_names_may_begin_with_underscores_and_wrong_tokens_are_named(tmp_path: Path) -> None:
    name = "__DUMMY_USER__"
    with LocalHub(tmp_path, users=[name], orgs={"valid_org": [name]}) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token(name))
        assert api.create_repo("x").repo_id == f"{name}/x"
        with pytest.raises(HfHubHTTPError, match="Invalid username or password"):
            api.create_repo("y", token="hf_wrong")


def test_likes(as_user: Callable[[str], HfApi], hub: LocalHub, bob: HfApi, repo: str) -> None:
    from huggingface_hub.utils import get_session

    headers = {"Authorization": f"Bearer {hub.token('bob')}"}
    get_session().post(f"{hub.url}/api/models/{repo}/like", headers=headers).raise_for_status()
    assert [user.username for user in bob.list_repo_likers(repo)] == ["bob"]
    assert repo in bob.list_liked_repos("bob").models
    assert bob.model_info(repo).likes == 1
    bob.unlike(repo)
    assert bob.model_info(repo).likes == 0


def test_a_fine_grained_token_reaches_its_repo_and_no_other(tmp_path: Path) -> None:
    hub = LocalHub(tmp_path)
    seed = yaml.safe_load(hub.seed.read_text())
    scope = {"entity": "practice/mine", "permissions": ["repo.write"]}
    seed["users"].append(
        {"name": "alice", "token": "hf_narrow", "role": "fineGrained", "scoped": [scope]}
    )
    hub.seed.write_text(yaml.safe_dump(seed))
    with hub:
        wide = HfApi(endpoint=hub.url, token=hub.token("alice"))
        narrow = HfApi(endpoint=hub.url, token="hf_narrow")
        for name in ("practice/mine", "practice/other"):
            wide.create_repo(name, private=True)
        narrow.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id="practice/mine")
        assert narrow.list_repo_files("practice/mine") == [".gitattributes", "x"]
        with pytest.raises(RepositoryNotFoundError):
            narrow.model_info("practice/other")
        assert [m.id for m in narrow.list_models(author="practice")] == ["practice/mine"]
        wide.update_repo_settings("practice/other", private=False)
        for call in (
            lambda: narrow.upload_file(
                path_or_fileobj=b"x", path_in_repo="x", repo_id="practice/other"
            ),
            lambda: narrow.create_repo("practice/third"),
            lambda: narrow.delete_repo("practice/other"),
        ):
            with pytest.raises(HfHubHTTPError) as error:
                call()
            assert status(error) == 403
        for service in (
            lambda: narrow.list_webhooks(),
            lambda: narrow.create_webhook(url="http://127.0.0.1:9/", watched=[]),
            lambda: narrow.run_job(image="x", command=["true"], namespace="practice"),
            lambda: [*narrow.list_jobs(namespace="practice")],
            lambda: narrow.create_discussion("practice/other", title="not in its scopes"),
        ):
            with pytest.raises(HfHubHTTPError) as error:
                service()
            assert status(error) in (403, 404)
        shown = narrow.whoami()["auth"]["accessToken"]
        assert shown["fineGrained"]["scoped"][0]["entity"]["name"] == "practice/mine"
