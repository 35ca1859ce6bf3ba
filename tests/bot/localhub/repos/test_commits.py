"""Commits are atomic, and of concurrent commits on one parent, one succeeds."""

from __future__ import annotations

import base64
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import (
    CommitInfo,
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    hf_hub_download,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import files_of, post_commit, status_of


def content(api: HfApi, repo: str, path: str, tmp_path: Path, **more: Any) -> bytes:
    return Path(api.hf_hub_download(repo, path, local_dir=tmp_path / "dl", **more)).read_bytes()


def put(api: HfApi, repo: str, path: str, data: bytes, **more: Any) -> CommitInfo:
    add = CommitOperationAdd(path, data)
    info = api.create_commit(repo, operations=[add], commit_message=f"put {path}", **more)
    assert isinstance(info, CommitInfo)
    return info


HEADER = {"key": "header", "value": {"summary": "by hand"}}


def file_line(path: str, data: bytes = b"x") -> dict[str, Any]:
    value = {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}
    return {"key": "file", "value": value}


def test_one_commit_can_add_change_copy_and_delete(alice: HfApi, repo: str, tmp_path: Path) -> None:
    large = os.urandom(200_000)
    put(alice, repo, "w.bin", large)
    put(alice, repo, "folder/a.txt", b"a")
    put(alice, repo, "folder/b.txt", b"b")
    commit = alice.create_commit(
        repo,
        operations=[
            CommitOperationAdd("new/deep/c.txt", b"c"),
            CommitOperationAdd("folder/a.txt", b"A"),
            CommitOperationCopy("w.bin", "copies/w.bin"),
            CommitOperationDelete("folder/b.txt"),
        ],
        commit_message="many\nwith a body",
        commit_description="and a description",
    )
    assert commit.oid == alice.model_info(repo).sha
    assert alice.list_repo_files(repo) == [
        ".gitattributes", "copies/w.bin", "folder/a.txt", "new/deep/c.txt", "w.bin",
    ]  # fmt: skip
    assert content(alice, repo, "copies/w.bin", tmp_path) == large
    assert content(alice, repo, "folder/a.txt", tmp_path) == b"A"
    last = alice.list_repo_commits(repo)[0]
    assert last.title == "many"
    assert "and a description" in last.message
    assert last.authors == [alice.whoami()["name"]]


def test_deleting_a_folder_deletes_its_files(alice: HfApi, repo: str) -> None:
    put(alice, repo, "folder/deep/a.txt", b"a")
    alice.delete_folder("folder", repo)
    assert alice.list_repo_files(repo) == [".gitattributes"]
    put(alice, repo, "folder/a.txt", b"a")
    alice.delete_file("folder", repo)
    assert alice.list_repo_files(repo) == [".gitattributes"]


def test_an_entry_is_deleted_be_it_a_file_or_a_folder(
    alice: HfApi, hub: LocalHub, repo: str
) -> None:
    for path in ("a.txt", "d/e.txt"):
        put(alice, repo, path, b"x")
    deletions = [{"key": "deletedEntry", "value": {"path": path}} for path in ("a.txt", "d/")]
    assert post_commit(hub, repo, [HEADER, *deletions]).status_code == 200
    assert alice.list_repo_files(repo) == [".gitattributes"]


def test_deleting_a_missing_file_fails(alice: HfApi, repo: str) -> None:
    head = alice.model_info(repo).sha
    with pytest.raises(EntryNotFoundError, match="A file with this name doesn't exist"):
        alice.delete_file("nope.txt", repo)
    assert alice.model_info(repo).sha == head


def test_commit_to_a_missing_repo_or_revision_fails(alice: HfApi, repo: str) -> None:
    with pytest.raises(RepositoryNotFoundError):
        put(alice, f"{repo}-not", "a", b"a")
    with pytest.raises(RevisionNotFoundError):
        put(alice, repo, "a", b"a", revision="nowhere")
    sha = alice.model_info(repo).sha
    with pytest.raises(RevisionNotFoundError):
        put(alice, repo, "a", b"a", revision=sha)
    with pytest.raises(RevisionNotFoundError):
        put(alice, repo, "a", b"a", revision=sha, create_pr=True)


def test_commit_with_an_outdated_parent_is_rejected(alice: HfApi, repo: str) -> None:
    parent = alice.model_info(repo).sha
    put(alice, repo, "a", b"a", parent_commit=parent)
    with pytest.raises(HfHubHTTPError, match="The branch was updated") as error:
        put(alice, repo, "b", b"b", parent_commit=parent)
    assert status_of(error) == 412
    assert alice.list_repo_files(repo) == [".gitattributes", "a"]


def test_one_of_concurrent_commits_on_a_parent_succeeds(alice: HfApi, repo: str) -> None:
    def attempt(n: int) -> bool:
        try:
            put(alice, repo, f"{parent}/{n}", b"x", parent_commit=parent)
        except HfHubHTTPError as error:
            assert error.response.status_code == 412
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            parent = alice.model_info(repo).sha
            assert sum(pool.map(attempt, range(8))) == 1
    assert len(alice.list_repo_files(repo)) == 6


def test_all_concurrent_commits_without_a_parent_succeed(alice: HfApi, repo: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: put(alice, repo, f"{n}", str(n).encode()), range(24)))
    assert len(alice.list_repo_files(repo)) == 25
    assert len(alice.list_repo_commits(repo)) == 25


def test_upload_folder_commits_only_changes(alice: HfApi, repo: str, tmp_path: Path) -> None:
    folder = tmp_path / "up"
    (folder / "sub").mkdir(parents=True)
    for n in range(300):
        (folder / "sub" / f"{n}.txt").write_text(str(n))
    (folder / "model.safetensors").write_bytes(os.urandom(50_000))
    (folder / "empty").write_bytes(b"")
    alice.upload_folder(repo_id=repo, folder_path=folder)
    assert len(alice.list_repo_files(repo)) == 300 + 3
    head = alice.model_info(repo).sha
    alice.upload_folder(repo_id=repo, folder_path=folder)
    assert alice.model_info(repo).sha == head
    (folder / "sub" / "7.txt").write_text("seven")
    alice.upload_folder(repo_id=repo, folder_path=folder, delete_patterns="sub/8*.txt")
    assert len(alice.list_repo_files(repo)) == 303
    assert content(alice, repo, "sub/7.txt", tmp_path) == b"seven"


def test_ignored_files_are_not_uploaded(alice: HfApi, repo: str, tmp_path: Path) -> None:
    folder = tmp_path / "up"
    (folder / "build" / "deep").mkdir(parents=True)
    (folder / ".gitignore").write_text("*.log\n/build/\n!keep.log\ncache-[0-9]?\n")
    for path in ("x.log", "keep.log", "build/x", "build/deep/y", "cache-12", "cache-x2"):
        (folder / path).write_text("text")
    alice.upload_folder(repo_id=repo, folder_path=folder)
    files = [".gitattributes", ".gitignore", "cache-x2", "keep.log"]
    assert alice.list_repo_files(repo) == files


def test_binary_tracked_and_large_files_use_lfs(alice: HfApi, repo: str) -> None:
    put(alice, repo, "text.txt", b"text")
    put(alice, repo, "tracked.safetensors", b"text")
    put(alice, repo, "binary.dat", b"a\0b")
    put(alice, repo, "large.txt", b"x" * (10 << 20))
    put(alice, repo, "empty.safetensors", b"")
    files = files_of(alice, repo, *alice.list_repo_files(repo))
    large = {file.path for file in files if file.lfs}
    assert large == {"tracked.safetensors", "binary.dat", "large.txt"}


def test_files_with_the_same_content_share_an_lfs_object(alice: HfApi, repo: str) -> None:
    data = os.urandom(100_000)
    put(alice, repo, "a.bin", data)
    put(alice, repo, "b.bin", data)
    first, second = files_of(alice, repo, "a.bin", "b.bin")
    assert first.lfs == second.lfs


def test_hash_alone_does_not_give_access_to_a_file(
    alice: HfApi, bob: HfApi, hub: LocalHub, name: str
) -> None:
    alice.create_repo(name, private=True)
    put(alice, name, "secret.bin", b"\0secret")
    lfs = files_of(alice, name, "secret.bin")[0].lfs
    assert lfs
    copy = f"bob/{name.partition('/')[2]}"
    bob.create_repo(copy)
    line = {
        "key": "lfsFile",
        "value": {"path": "x.bin", "algo": "sha256", "oid": lfs.sha256, "size": lfs.size},
    }
    response = post_commit(hub, copy, [HEADER, line], "bob")
    assert response.status_code == 400
    assert "does not exist" in response.json()["error"]
    assert bob.list_repo_files(copy) == [".gitattributes"]


def test_user_without_write_access_opens_a_pull_request(
    alice: HfApi, bob: HfApi, repo: str, tmp_path: Path
) -> None:
    commit = put(bob, repo, "fix.txt", b"fix", create_pr=True)
    assert commit.pr_num == 1
    assert commit.pr_url == f"{bob.endpoint}/{repo}/discussions/1"
    assert alice.list_repo_files(repo) == [".gitattributes"]
    assert "fix.txt" in alice.list_repo_files(repo, revision="refs/pr/1")
    put(bob, repo, "more.txt", b"more", revision="refs/pr/1")
    with pytest.raises(HfHubHTTPError) as error:
        put(bob, repo, "more.txt", b"more")
    assert status_of(error) == 403
    assert [
        p.ref for p in alice.list_repo_refs(repo, include_pull_requests=True).pull_requests or []
    ]
    alice.merge_pull_request(repo, 1)
    assert alice.list_repo_files(repo) == [".gitattributes", "fix.txt", "more.txt"]
    assert content(alice, repo, "fix.txt", tmp_path) == b"fix"


@pytest.mark.parametrize(
    "path",
    [
        "../x", "a/../../x", "/etc/passwd", "a//b", "./x", ".", "..", "", "a/.git/config", "..\\x",
        "a\nb", "a\0b", "x" * 300, "/".join(["d" * 200] * 6), ".GIT/x", "a/", "\ud800",
    ],
)  # fmt: skip
def test_invalid_paths_are_rejected(alice: HfApi, hub: LocalHub, repo: str, path: str) -> None:
    response = post_commit(hub, repo, [HEADER, file_line(path)])
    assert 400 <= response.status_code < 500, response.text
    assert alice.list_repo_files(repo) == [".gitattributes"]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [file_line("a")],
        [HEADER, HEADER],
        [HEADER, file_line("a"), b"{"],
        [HEADER, file_line("a"), b"\xff\xfe"],
        [HEADER, file_line("a"), b"[1, 2]"],
        [HEADER, file_line("a"), b'{"key": "file"}'],
        [HEADER, file_line("a"), {"key": "file", "value": {"path": "b"}}],
        [HEADER, file_line("a"), {"key": "what", "value": {"path": "b"}}],
        [HEADER, file_line("a"), {"key": "deletedFile", "value": {"path": "b"}}],
        [HEADER, file_line("a"), file_line("a/b")],
        [HEADER, file_line("a/b"), file_line("a")],
        [HEADER, file_line("a"), {"key": "lfsFile", "value": {"path": "b", "oid": "0" * 64}}],
        [
            HEADER,
            {"key": "file", "value": {"path": "b", "content": "!!", "encoding": "base64"}},
        ],
        [{"key": "header", "value": {"summary": 7}}, file_line("a")],
        [{"key": "header", "value": {"summary": "x" * 100_000}}, file_line("a")],
        [HEADER, file_line("a"), b"[" * 100_000],
        [HEADER, file_line("a", b"x" * (10 << 20) + b"x")],
    ],
)  # fmt: skip
def test_invalid_body_changes_nothing(
    alice: HfApi, hub: LocalHub, repo: str, lines: list[Any]
) -> None:
    head = alice.model_info(repo).sha
    response = post_commit(hub, repo, lines)
    assert 400 <= response.status_code < 500, response.text
    assert response.json()["error"]
    assert alice.model_info(repo).sha == head


def test_file_cannot_replace_a_folder(alice: HfApi, repo: str) -> None:
    put(alice, repo, "a/b", b"x")
    for path in ("a", "a/b/c"):
        with pytest.raises(HfHubHTTPError) as error:
            put(alice, repo, path, b"x")
        assert status_of(error) == 422
    assert alice.list_repo_files(repo) == [".gitattributes", "a/b"]


def test_large_commit_of_regular_files(alice: HfApi, repo: str, tmp_path: Path) -> None:
    adds = [
        CommitOperationAdd(f"file-{n}.txt", b"Hello " + str(n).encode() + b"a" * (9 << 20))
        for n in range(3)
    ]
    alice.create_commit(repo, operations=adds, commit_message="36 MB of base64")
    assert len(alice.list_repo_files(repo)) == 4
    assert content(alice, repo, "file-2.txt", tmp_path).startswith(b"Hello 2aaa")


def test_unicode_file_names(alice: HfApi, repo: str, tmp_path: Path) -> None:
    for path in ("ĉiuj/ŝanĝoj 1.txt", "日本/語.md", "a b+c%20&?#=.txt", "émoji-🌍"):
        put(alice, repo, path, path.encode())
        assert content(alice, repo, path, tmp_path) == path.encode()
    assert len(alice.list_repo_files(repo)) == 5


def test_hashes_are_those_of_git(alice: HfApi, repo: str, tmp_path: Path) -> None:
    put(alice, repo, "a/b.txt", b"hello\n")
    put(alice, repo, "a-c.txt", b"x")
    at = content(alice, repo, ".gitattributes", tmp_path)
    work = tmp_path / "git"
    (work / "a").mkdir(parents=True)
    (work / "a" / "b.txt").write_bytes(b"hello\n")
    (work / "a-c.txt").write_bytes(b"x")
    (work / ".gitattributes").write_bytes(at)

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", *args], cwd=work, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    entries = {i.path: i for i in alice.list_repo_tree(repo, recursive=True)}
    assert git("rev-parse", f"{git('write-tree')}:a") == entries["a"].tree_id  # type: ignore
    assert git("hash-object", "a/b.txt") == entries["a/b.txt"].blob_id  # type: ignore[union-attr]


def test_hf_hub_download_by_endpoint_and_token(
    hub: LocalHub, repo: str, alice: HfApi, tmp_path: Path
) -> None:
    put(alice, repo, "x.txt", b"x")
    path = hf_hub_download(
        repo, "x.txt", endpoint=hub.url, token=hub.token("alice"), cache_dir=tmp_path
    )
    assert Path(path).read_bytes() == b"x"
