"""Reading content: listings, downloads, byte ranges, caches."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, HfFileSystem, get_session
from huggingface_hub.errors import (
    EntryNotFoundError,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile, RepoFolder

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import files_of

LARGE = bytes(range(256)) * 2000


@pytest.fixture
def filled(alice: HfApi, repo: str) -> str:
    """A repo with a text, a large file and folders."""
    adds = {"a.txt": b"hello", "w.bin": LARGE, "d/b.txt": b"b", "d/e/c.txt": b"c", "empty": b""}
    alice.create_commit(
        repo,
        operations=[CommitOperationAdd(path, data) for path, data in adds.items()],
        commit_message="fill",
    )
    return repo


def get(hub: LocalHub, path: str, method: str = "GET", **headers: str) -> Any:
    return get_session().request(method, hub.url + path, headers=headers)


def test_tree_lists_files_and_folders(alice: HfApi, filled: str) -> None:
    top = {i.path: i for i in alice.list_repo_tree(filled)}
    assert set(top) == {".gitattributes", "a.txt", "w.bin", "d", "empty"}
    assert isinstance(top["d"], RepoFolder)
    large = top["w.bin"]
    assert isinstance(large, RepoFile)
    assert large.size == len(LARGE)
    assert large.lfs is not None and large.lfs.size == len(LARGE)
    deep = [i.path for i in alice.list_repo_tree(filled, "d", recursive=True)]
    assert deep == ["d/b.txt", "d/e", "d/e/c.txt"]
    with pytest.raises(EntryNotFoundError):
        list(alice.list_repo_tree(filled, "nope"))
    with pytest.raises(RevisionNotFoundError):
        list(alice.list_repo_tree(filled, revision="nope"))


def test_tree_is_listed_in_pages(alice: HfApi, repo: str) -> None:
    adds = [CommitOperationAdd(f"d/{n:04d}", b"x") for n in range(1500)]
    alice.create_commit(repo, operations=adds, commit_message="many")
    assert len(list(alice.list_repo_tree(repo, recursive=True))) == 1502
    assert len(list(alice.list_repo_tree(repo, "d", expand=True))) == 1500


def test_expanded_paths_have_their_last_commit(alice: HfApi, filled: str) -> None:
    alice.upload_file(
        path_or_fileobj=b"B", path_in_repo="d/b.txt", repo_id=filled, commit_message="newer"
    )
    infos = alice.get_paths_info(filled, ["d/b.txt", "d", "a.txt", "gone"], expand=True)
    titles = {i.path: i.last_commit.title for i in infos if i.last_commit}
    assert titles == {"d/b.txt": "newer", "d": "newer", "a.txt": "fill"}


def test_head_has_the_headers_that_clients_read(alice: HfApi, hub: LocalHub, filled: str) -> None:
    sha = alice.model_info(filled).sha
    files = {file.path: file for file in files_of(alice, filled, "a.txt", "w.bin")}
    small = get(hub, f"/{filled}/resolve/main/a.txt", "HEAD")
    assert small.headers["x-repo-commit"] == sha
    assert small.headers["etag"] == f'"{files["a.txt"].blob_id}"'
    assert small.headers["content-length"] == "5"
    large = get(hub, f"/{filled}/resolve/main/w.bin", "HEAD")
    lfs = files["w.bin"].lfs
    assert lfs and large.headers["x-linked-etag"] == f'"{lfs.sha256}"'
    assert large.headers["x-linked-size"] == str(len(LARGE))
    assert large.content == b""
    missing = get(hub, f"/{filled}/resolve/main/nope", "HEAD")
    assert missing.status_code == 404
    assert missing.headers["x-error-code"] == "EntryNotFound"
    assert missing.headers["x-repo-commit"] == sha
    assert get(hub, f"/{filled}/resolve/nope/a.txt").headers["x-error-code"] == "RevisionNotFound"
    same = get(hub, f"/{filled}/resolve/main/a.txt", **{"If-None-Match": small.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("requested", "first", "last"),
    [("0-9", 0, 10), ("100-", 100, len(LARGE)), ("-7", len(LARGE) - 7, len(LARGE)),
     ("511990-999999999", 511990, len(LARGE)), ("0-0", 0, 1)],
)  # fmt: skip
def test_byte_range_of_a_file(
    hub: LocalHub, filled: str, requested: str, first: int, last: int
) -> None:
    response = get(hub, f"/{filled}/resolve/main/w.bin", Range=f"bytes={requested}")
    assert response.status_code == 206
    assert response.content == LARGE[first:last]
    assert response.headers["content-range"] == f"bytes {first}-{last - 1}/{len(LARGE)}"


def test_byte_range_beyond_the_end_is_rejected(hub: LocalHub, filled: str) -> None:
    response = get(hub, f"/{filled}/resolve/main/w.bin", Range=f"bytes={len(LARGE)}-")
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(LARGE)}"


def test_web_pages_in_a_repo_are_served_as_text(alice: HfApi, hub: LocalHub, repo: str) -> None:
    for path in ("x.html", "x.svg", "x.js", "x.xhtml"):
        alice.upload_file(
            path_or_fileobj=b"<script>alert(1)</script>", path_in_repo=path, repo_id=repo
        )
        response = get(hub, f"/{repo}/resolve/main/{path}")
        assert response.headers["content-type"].split(";")[0] in (
            "text/plain",
            "application/octet-stream",
        )
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/../../hub.db", "/%2e%2e/%2e%2e/hub.db", "/..%2f..%2fhub.db", "/%00", "/%ff%fe", "/a.txt/x",
     "/d", "/", "//a.txt"],
)  # fmt: skip
def test_paths_cannot_leave_the_repo(hub: LocalHub, filled: str, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(hub.url).netloc)
    connection.request("GET", f"/{filled}/resolve/main{path}")
    assert connection.getresponse().status in (400, 404)
    connection.close()


def test_download_uses_the_cache(alice: HfApi, filled: str, tmp_path: Path) -> None:
    path = alice.hf_hub_download(filled, "w.bin", cache_dir=tmp_path)
    assert Path(path).read_bytes() == LARGE
    again = alice.hf_hub_download(filled, "w.bin", cache_dir=tmp_path)
    assert again == path
    with pytest.raises(RemoteEntryNotFoundError):
        alice.hf_hub_download(filled, "nope", cache_dir=tmp_path)
    assert list(tmp_path.glob("models--*/.no_exist/*/nope"))


def test_snapshots_of_two_commits(alice: HfApi, filled: str, tmp_path: Path) -> None:
    first = Path(alice.snapshot_download(filled, cache_dir=tmp_path))
    alice.upload_file(path_or_fileobj=b"new", path_in_repo="a.txt", repo_id=filled)
    second = Path(alice.snapshot_download(filled, cache_dir=tmp_path))
    assert (first / "a.txt").read_bytes() == b"hello"
    assert (second / "a.txt").read_bytes() == b"new"
    assert (second / "d" / "e" / "c.txt").read_bytes() == b"c"
    assert (second / "w.bin").read_bytes() == LARGE
    assert first.name != second.name
    only = Path(alice.snapshot_download(filled, local_dir=tmp_path / "x", allow_patterns="d/*"))
    assert {p.name for p in only.rglob("*.txt")} == {"b.txt", "c.txt"}


def test_interrupted_download_resumes(alice: HfApi, filled: str, tmp_path: Path) -> None:
    path = Path(alice.hf_hub_download(filled, "w.bin", cache_dir=tmp_path))
    blob = path.resolve()
    path.unlink()
    blob.rename(blob.with_name(blob.name + ".incomplete"))
    os.truncate(blob.with_name(blob.name + ".incomplete"), 1000)
    assert Path(alice.hf_hub_download(filled, "w.bin", cache_dir=tmp_path)).read_bytes() == LARGE


def test_hf_file_system(hub: LocalHub, filled: str) -> None:
    fs: Any = HfFileSystem(endpoint=hub.url, token=hub.token("alice"), skip_instance_cache=True)
    assert fs.isdir(f"{filled}/d") and fs.isfile(f"{filled}/a.txt")
    assert sorted(fs.glob(f"{filled}/**/*.txt")) == [
        f"{filled}/{p}" for p in ("a.txt", "d/b.txt", "d/e/c.txt")
    ]
    with fs.open(f"{filled}/w.bin") as file:
        file.seek(300_000)
        assert file.read(10) == LARGE[300_000:300_010]
    with fs.open(f"{filled}/new.txt", "w") as file:
        file.write("written")
    assert fs.cat_file(f"{filled}/new.txt") == b"written"
    fs.rm(f"{filled}/d", recursive=True)
    assert not fs.exists(f"{filled}/d")
    fs.cp_file(f"{filled}/w.bin", f"{filled}/w2.bin")
    assert fs.info(f"{filled}/w2.bin")["size"] == len(LARGE)


def test_damaged_content_is_not_served(
    alice: HfApi, hub: LocalHub, repo: str, tmp_path: Path
) -> None:
    data = os.urandom(3_000_000)
    alice.upload_file(path_or_fileobj=data, path_in_repo="w.bin", repo_id=repo)
    lfs = alice.get_paths_info(repo, ["w.bin"])[0].lfs  # type: ignore[union-attr]
    assert lfs is not None
    blob = hub.data / "blobs" / lfs.sha256[:2] / lfs.sha256[2:]
    blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises((OSError, httpx2.HTTPError)):
        alice.hf_hub_download(repo, "w.bin", local_dir=tmp_path / "bad")
    assert not (tmp_path / "bad" / "w.bin").exists()
    alice.upload_file(path_or_fileobj=data, path_in_repo="again.bin", repo_id=repo)
    assert Path(alice.hf_hub_download(repo, "w.bin", local_dir=tmp_path)).read_bytes() == data


def test_datasets_are_pushed_loaded_and_streamed(
    run_client: Callable[[str], str], name: str
) -> None:
    out = run_client(
        f"""
import datasets
rows = [{{"text": f"row {{n}}", "n": n}} for n in range(200)]
data = datasets.Dataset.from_list(rows)
for config in ("default", "other"):
    datasets.DatasetDict({{"train": data, "test": data.select(range(20))}}).push_to_hub(
        {name!r}, config_name=config)
back = datasets.load_dataset({name!r}, "other")
print(back["train"].num_rows, back["test"].num_rows, back["train"][7]["text"])
print(sorted(datasets.get_dataset_config_names({name!r})))
stream = datasets.load_dataset({name!r}, split="train", streaming=True)
print(sum(1 for _ in stream), next(iter(stream))["text"])
"""
    )
    assert out.splitlines()[-3:] == ["200 20 row 7", "['default', 'other']", "200 row 0"]


def test_transformers_and_peft_models_are_pushed_and_loaded(
    run_client: Callable[[str], str], name: str
) -> None:
    out = run_client(
        f"""
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
torch.manual_seed(0)
config = LlamaConfig(vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
                     num_attention_heads=2, num_key_value_heads=2)
LlamaForCausalLM(config).push_to_hub({name!r} + "-base")
base = AutoModelForCausalLM.from_pretrained({name!r} + "-base")
tuned = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
tuned.push_to_hub({name!r} + "-adapter")
x = torch.tensor([[1, 2, 3]])
want = tuned(x).logits
base = AutoModelForCausalLM.from_pretrained({name!r} + "-base")
got = PeftModel.from_pretrained(base, {name!r} + "-adapter")(x).logits
print(torch.allclose(want, got), base.config.hidden_size)
from huggingface_hub import HfApi
info = HfApi().model_info({name!r} + "-base")
print(info.library_name, info.safetensors.total, info.config["model_type"])
print(HfApi().model_info({name!r} + "-adapter").config["peft"]["base_model_name_or_path"])
"""
    )
    lines = out.splitlines()[-3:]
    assert lines[0] == "True 16"
    assert lines[1].startswith("transformers ") and lines[1].endswith(" llama")
    assert lines[2] == f"{name}-base"
