"""Repo cards: metadata becomes tags, and invalid metadata makes a commit fail."""

from __future__ import annotations

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError

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


def test_card_metadata_becomes_tags(alice: HfApi, repo: str) -> None:
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
    [
        "license: [1, 2]",
        "language: zh-Hans",
        "language: [eo, Esperanto]",
        "language: xx",
        "license: asdf",
        "a: [",
        "a: &x 1\nb: *x",
        "- a\n- b",
        "tags: {a: b}",
    ],
)
def test_card_with_invalid_metadata_is_rejected(alice: HfApi, repo: str, metadata: str) -> None:
    card = f"---\n{metadata}\n---\ntext".encode()
    with pytest.raises((BadRequestError, ValueError)):
        alice.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=repo)
    assert alice.list_repo_files(repo) == [".gitattributes"]
