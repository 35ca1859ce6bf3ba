"""Large files one by one, whole repos at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

from bot.localhub.testing import LocalHub


def put(api: HfApi, repo: str, path: str, data: bytes) -> None:
    api.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id=repo)


def test_a_large_file_can_be_deleted_for_good(
    alice: HfApi, bob: HfApi, hub: LocalHub, repo: str, tmp_path: Path
) -> None:
    secret, kept = os.urandom(5000), os.urandom(5000)
    put(alice, repo, "secret.bin", secret)
    put(alice, repo, "kept.bin", kept)
    put(alice, repo, "text.txt", b"text")
    alice.create_tag(repo, tag="v1")
    found = {f.filename: f for f in alice.list_lfs_files(repo)}
    assert {name: f.size for name, f in found.items()} == {"secret.bin": 5000, "kept.bin": 5000}
    with pytest.raises(HfHubHTTPError) as error:
        list(bob.list_lfs_files(repo))
    assert error.value.response.status_code == 403
    stored = sum(1 for p in (hub.data / "blobs").rglob("*") if p.is_file())
    alice.permanently_delete_lfs_files(repo, [found["secret.bin"]])
    assert alice.list_repo_files(repo) == [".gitattributes", "kept.bin", "text.txt"]
    assert alice.list_repo_files(repo, revision="v1") == [".gitattributes", "kept.bin", "text.txt"]
    assert [f.filename for f in alice.list_lfs_files(repo)] == ["kept.bin"]
    titles = [c.title for c in alice.list_repo_commits(repo)]
    assert len(titles) == 4
    assert sum(1 for p in (hub.data / "blobs").rglob("*") if p.is_file()) == stored - 1
    path = alice.hf_hub_download(repo, "kept.bin", local_dir=tmp_path)
    assert Path(path).read_bytes() == kept
    put(alice, repo, "secret.bin", secret)
    assert alice.file_exists(repo, "secret.bin")


def test_what_another_repo_holds_too_stays_there(alice: HfApi, repo: str, tmp_path: Path) -> None:
    data = os.urandom(5000)
    alice.create_repo(f"{repo}-two")
    for each in (repo, f"{repo}-two"):
        put(alice, each, "w.bin", data)
    alice.permanently_delete_lfs_files(repo, list(alice.list_lfs_files(repo)))
    assert not alice.file_exists(repo, "w.bin")
    path = alice.hf_hub_download(f"{repo}-two", "w.bin", local_dir=tmp_path)
    assert Path(path).read_bytes() == data


def test_a_static_space_begins_with_a_page_and_its_copy_has_it(
    alice: HfApi, bob: HfApi, name: str
) -> None:
    made = bob.create_repo(name.rpartition("/")[2], repo_type="space", space_sdk="static").repo_id
    first = [".gitattributes", "README.md", "index.html", "style.css"]
    assert bob.list_repo_files(made, repo_type="space") == first
    copy = alice.duplicate_repo(made, repo_type="space").repo_id
    assert copy == f"{alice.whoami()['name']}/{name.rpartition('/')[2]}"
    assert alice.list_repo_files(copy, repo_type="space") == first


def test_a_repo_is_duplicated(alice: HfApi, bob: HfApi, repo: str, tmp_path: Path) -> None:
    data = os.urandom(5000)
    put(alice, repo, "w.bin", data)
    owner, _, last = repo.partition("/")
    target = f"{bob.whoami()['name']}/{last}"
    assert bob.duplicate_repo(repo, target, private=True).repo_id == target
    assert Path(bob.hf_hub_download(target, "w.bin", local_dir=tmp_path)).read_bytes() == data
    assert bob.model_info(target).private
    with pytest.raises(HfHubHTTPError) as error:
        bob.duplicate_repo(repo, target)
    assert error.value.response.status_code == 409
    with pytest.raises(HfHubHTTPError) as error:
        bob.duplicate_repo(repo, f"{owner}/mine")
    assert error.value.response.status_code == 403


def test_the_bytes_used(alice: HfApi, repo: str) -> None:
    put(alice, repo, "w.bin", os.urandom(5000))
    used = {r.id: r for r in alice.list_user_repos(repo.partition("/")[0])}
    assert used[repo].storage == 5000
    assert used[repo].visibility == "public"


def test_the_headers_of_all_shards(alice: HfApi, repo: str) -> None:
    import json

    weights = {}
    for n in (1, 2):
        header = {f"w{n}": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
        raw = json.dumps(header).encode()
        put(
            alice, repo, f"model-{n}.safetensors", len(raw).to_bytes(8, "little") + raw + b"\0" * 16
        )
        weights[f"w{n}"] = f"model-{n}.safetensors"
    index = {"metadata": {"total_size": 32}, "weight_map": weights}
    put(alice, repo, "model.safetensors.index.json", json.dumps(index).encode())
    metadata = alice.get_safetensors_metadata(repo)
    assert metadata.sharded
    assert metadata.weight_map == weights
    assert sum(metadata.parameter_count.values()) == 8
    with pytest.raises((EntryNotFoundError, HfHubHTTPError)):
        alice.get_sharded_safetensors_metadata(repo, filename="nope.json")
