"""Collections through the real client."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from tests.bot.localhub.helpers import status_of


def test_collection_is_created_changed_and_deleted(
    alice: HfApi, bob: HfApi, repo: str, name: str
) -> None:
    owner, _, last = name.partition("/")
    title = f"Kakugo {last}"
    collection = alice.create_collection(title, namespace=owner, description="all of it")
    assert collection.slug.startswith(f"{owner}/kakugo-repo-")
    assert alice.create_collection(title, namespace=owner, exists_ok=True).slug == collection.slug
    alice.add_collection_item(collection.slug, repo, "model", note="an adapter")
    alice.add_collection_item(collection.slug, "2401.00001", "paper")
    alice.add_collection_item(collection.slug, repo, "model", exists_ok=True)
    calls: tuple[tuple[Callable[[], object], int], ...] = (
        (lambda: alice.add_collection_item(collection.slug, repo, "model"), 409),
        (lambda: alice.add_collection_item(collection.slug, "no/thing", "dataset"), 404),
        (lambda: bob.add_collection_item(collection.slug, repo, "model"), 403),
        (lambda: alice.create_collection(title, namespace=owner), 409),
        (lambda: bob.create_collection(title, namespace=owner), 403),
    )
    for call, expected in calls:
        with pytest.raises(HfHubHTTPError) as error:
            call()
        assert status_of(error) == expected
    items = bob.get_collection(collection.slug).items
    assert [(i.item_id, i.item_type, i.note) for i in items] == [
        (repo, "model", "an adapter"),
        ("2401.00001", "paper", None),
    ]
    alice.update_collection_item(
        collection.slug, items[1].item_object_id, note="read me", position=0
    )
    assert [i.note for i in bob.get_collection(collection.slug).items] == ["read me", "an adapter"]
    alice.delete_collection_item(collection.slug, items[1].item_object_id)
    assert [i.item_id for i in bob.get_collection(collection.slug).items] == [repo]
    renamed = alice.update_collection_metadata(collection.slug, title="Another", private=True)
    assert renamed.slug != collection.slug
    assert alice.get_collection(collection.slug).slug == renamed.slug
    with pytest.raises(HfHubHTTPError) as error:
        bob.get_collection(collection.slug)
    assert status_of(error) == 404
    assert renamed.slug in [c.slug for c in alice.list_collections(owner=owner)]
    assert renamed.slug in [c.slug for c in alice.list_collections(item=f"models/{repo}")]
    assert renamed.slug not in [c.slug for c in bob.list_collections(owner=owner)]
    alice.delete_collection(renamed.slug)
    alice.delete_collection(renamed.slug, missing_ok=True)


def test_private_item_is_hidden_from_others(
    alice: HfApi, as_user: Callable[[str], HfApi], repo: str, name: str
) -> None:
    owner, _, last = name.partition("/")
    collection = alice.create_collection(f"P {last}", namespace=owner)
    alice.add_collection_item(collection.slug, repo, "model")
    alice.update_repo_settings(repo, private=True)
    assert as_user("bob").get_collection(collection.slug).items == []
    assert len(as_user("kakugo-bot").get_collection(collection.slug).items) == 1
