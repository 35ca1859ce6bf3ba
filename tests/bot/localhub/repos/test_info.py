"""Repo info and listings through the real client."""

from __future__ import annotations

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._pagination import paginate

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import status_of


def test_listings_can_be_filtered_sorted_and_paged(alice: HfApi, name: str) -> None:
    owner, word = name.split("/")
    names = [f"{owner}/list-{word}-{n}" for n in range(5)]
    for repo in names:
        alice.create_repo(repo, repo_type="dataset")
    ids = [d.id for d in alice.list_datasets(search=f"list-{word}", sort="created_at")]
    assert ids == names[::-1]
    assert [d.id for d in alice.list_datasets(search=f"list-{word}-3")] == [names[3]]
    assert list(alice.list_datasets(author="nobody-of-this-name", search=word)) == []
    assert len(list(alice.list_datasets(search=f"list-{word}", limit=2))) == 2
    alice.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=names[1], repo_type="dataset")
    newest = next(iter(alice.list_datasets(search=f"list-{word}", sort="last_modified")))
    assert newest.id == names[1]


def test_link_header_leads_to_the_next_page(hub: LocalHub, alice: HfApi, name: str) -> None:
    word = name.rpartition("/")[2]
    for n in range(3):
        alice.create_repo(f"practice/page-{word}-{n}")
    params = {"search": f"page-{word}", "limit": 2}
    items = list(paginate(f"{hub.url}/api/models", params=params, headers={}))
    assert len({item["id"] for item in items}) == 3


def test_expand_returns_the_named_fields_and_rejects_unknown_ones(alice: HfApi, repo: str) -> None:
    info = alice.model_info(repo, expand=["sha", "likes"])
    assert info.sha and info.likes == 0
    assert info.siblings is None
    with pytest.raises(HfHubHTTPError, match="expected one of") as error:
        alice.model_info(repo, expand=["foo"])  # type: ignore[list-item]
    assert status_of(error) == 400


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("filter=a" + ",a" * 1000, "at most 200 filters and words"),
        ("search=a" + "+a" * 1000, "at most 200 filters and words"),
        ("sort=a%00%01%7Fb", "sorted by a"),
    ],
)
def test_listing_that_cannot_be_answered_is_refused(hub: LocalHub, query: str, words: str) -> None:
    response = httpx2.get(f"{hub.url}/api/models?{query}")
    assert response.status_code in (400, 501) and words in response.json()["error"]
