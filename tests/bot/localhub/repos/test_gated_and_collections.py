"""Gates, collections, evaluation results: what stands around the repos."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub


def status(error: pytest.ExceptionInfo[HfHubHTTPError]) -> int:
    return error.value.response.status_code


def ask(hub: LocalHub, user: str, repo: str) -> str:
    answer = get_session().post(
        f"{hub.url}/{repo}/ask-access", headers={"Authorization": f"Bearer {hub.token(user)}"}
    )
    answer.raise_for_status()
    return str(answer.json()["status"])


def test_a_gated_repo_opens_to_those_let_in(
    alice: HfApi, bob: HfApi, anonymous: HfApi, hub: LocalHub, repo: str, tmp_path: Path
) -> None:
    def download(api: HfApi) -> str:
        return api.hf_hub_download(repo, "x.txt", cache_dir=tmp_path / str(next(numbers)))

    numbers = itertools.count()
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo)
    alice.update_repo_settings(repo, gated="manual")
    assert bob.model_info(repo).gated == "manual"
    assert download(alice)
    for other in (bob, anonymous):
        with pytest.raises(GatedRepoError, match="not in the authorized list"):
            download(other)
        with pytest.raises(GatedRepoError):
            other.auth_check(repo)
    assert ask(hub, "bob", repo) == "pending"
    assert [r.username for r in alice.list_pending_access_requests(repo)] == ["bob"]
    with pytest.raises(GatedRepoError, match="awaiting a review"):
        download(bob)
    alice.accept_access_request(repo, "bob")
    assert [r.username for r in alice.list_accepted_access_requests(repo)] == ["bob"]
    assert download(bob)
    bob.auth_check(repo)
    alice.reject_access_request(repo, "bob", rejection_reason="no")
    with pytest.raises(GatedRepoError):
        download(bob)
    alice.cancel_access_request(repo, "bob")
    alice.grant_access(repo, "bob")
    with pytest.raises(HfHubHTTPError) as error:
        alice.grant_access(repo, "bob")
    assert status(error) == 400
    with pytest.raises(HfHubHTTPError) as error:
        alice.grant_access(repo, "nobody")
    assert status(error) == 404
    with pytest.raises(HfHubHTTPError) as error:
        list(bob.list_pending_access_requests(repo))
    assert status(error) == 403


def test_an_automatic_gate_and_none(alice: HfApi, hub: LocalHub, repo: str) -> None:
    with pytest.raises(HfHubHTTPError) as error:
        list(alice.list_pending_access_requests(repo))
    assert status(error) == 400
    alice.update_repo_settings(repo, gated="auto")
    assert ask(hub, "bob", repo) == "accepted"


def test_a_collection_from_beginning_to_end(alice: HfApi, bob: HfApi, repo: str, name: str) -> None:
    owner, _, last = name.partition("/")
    title = f"Kakugo {last}"
    made = alice.create_collection(title, namespace=owner, description="all of it")
    assert made.slug.startswith(f"{owner}/kakugo-repo-")
    assert alice.create_collection(title, namespace=owner, exists_ok=True).slug == made.slug
    alice.add_collection_item(made.slug, repo, "model", note="an adapter")
    alice.add_collection_item(made.slug, "2401.00001", "paper")
    alice.add_collection_item(made.slug, repo, "model", exists_ok=True)
    for call, expected in (
        (lambda: alice.add_collection_item(made.slug, repo, "model"), 409),
        (lambda: alice.add_collection_item(made.slug, "no/thing", "dataset"), 404),
        (lambda: bob.add_collection_item(made.slug, repo, "model"), 403),
        (lambda: alice.create_collection(title, namespace=owner), 409),
        (lambda: bob.create_collection(title, namespace=owner), 403),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status(error) == expected
    items = bob.get_collection(made.slug).items
    assert [(i.item_id, i.item_type, i.note) for i in items] == [
        (repo, "model", "an adapter"),
        ("2401.00001", "paper", None),
    ]
    alice.update_collection_item(made.slug, items[1].item_object_id, note="read me", position=0)
    assert [i.note for i in bob.get_collection(made.slug).items] == ["read me", "an adapter"]
    alice.delete_collection_item(made.slug, items[1].item_object_id)
    assert [i.item_id for i in bob.get_collection(made.slug).items] == [repo]
    renamed = alice.update_collection_metadata(made.slug, title="Another", private=True)
    assert renamed.slug != made.slug
    assert alice.get_collection(made.slug).slug == renamed.slug
    with pytest.raises(HfHubHTTPError) as error:
        bob.get_collection(made.slug)
    assert status(error) == 404
    assert renamed.slug in [c.slug for c in alice.list_collections(owner=owner)]
    assert renamed.slug in [c.slug for c in alice.list_collections(item=f"models/{repo}")]
    assert renamed.slug not in [c.slug for c in bob.list_collections(owner=owner)]
    alice.delete_collection(renamed.slug)
    alice.delete_collection(renamed.slug, missing_ok=True)


def test_a_private_item_is_not_shown_to_others(
    alice: HfApi, as_user: Callable[[str], HfApi], repo: str, name: str
) -> None:
    owner, _, last = name.partition("/")
    made = alice.create_collection(f"P {last}", namespace=owner)
    alice.add_collection_item(made.slug, repo, "model")
    alice.update_repo_settings(repo, private=True)
    assert as_user("bob").get_collection(made.slug).items == []
    assert len(as_user("kakugo-bot").get_collection(made.slug).items) == 1


GOOD = "- dataset: {id: %s, task_id: eng_Latn-epo_Latn}\n  value: %s\n  notes: practice\n"


def test_results_and_their_leaderboard(alice: HfApi, name: str) -> None:
    benchmark = f"{name}-bench"
    alice.create_repo(benchmark, repo_type="dataset")
    with pytest.raises(HfHubHTTPError) as error:
        alice.get_dataset_leaderboard(benchmark)
    assert status(error) == 404
    alice.upload_file(
        path_or_fileobj=b"name: practice\ntasks: []\n", path_in_repo="eval.yaml",
        repo_id=benchmark, repo_type="dataset",
    )  # fmt: skip
    for model, value in (("one", 12.5), ("two", 51.0)):
        alice.create_repo(f"{name}-{model}")
        alice.upload_file(
            path_or_fileobj=(GOOD % (benchmark, value)).encode(),
            path_in_repo=".eval_results/practice.yaml",
            repo_id=f"{name}-{model}",
        )
    for n, bad in enumerate((b"[", b"- 7", b"- {dataset: {id: a}, value: 1}", b"a: b", b"\xff")):
        alice.upload_file(
            path_or_fileobj=bad, path_in_repo=f".eval_results/bad{n}.yaml", repo_id=f"{name}-one"
        )
    info = alice.model_info(f"{name}-one", expand=["evalResults"])
    assert info.eval_results is not None
    assert [(r.dataset_id, r.value) for r in info.eval_results] == [(benchmark, 12.5)]
    board = alice.get_dataset_leaderboard(benchmark)
    assert [(e.rank, e.model_id, e.value) for e in board] == [
        (1, f"{name}-two", 51.0),
        (2, f"{name}-one", 12.5),
    ]
    assert board[0].notes == "practice"
