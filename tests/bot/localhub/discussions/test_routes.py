"""Discussions and pull requests, through the real client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.community import DiscussionComment, DiscussionCommit, DiscussionStatusChange
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub


def test_create_and_read_back_are_equal(bob: HfApi, repo: str) -> None:
    made = bob.create_discussion(repo, "  Esperanto  ", description="Hello *there*")
    assert made == bob.get_discussion_details(repo, made.num)
    who = bob.whoami()["name"]
    assert (made.num, made.title, made.status, made.author) == (1, "Esperanto", "open", who)
    first = made.events[0]
    assert isinstance(first, DiscussionComment)
    assert first.content == "Hello *there*"
    assert first.rendered.strip() == "<p>Hello <em>there</em></p>"
    assert made.url.endswith(f"{repo}/discussions/1")


def test_numbers_are_shared_with_pull_requests(alice: HfApi, repo: str) -> None:
    assert alice.create_discussion(repo, "one").num == 1
    pull = alice.create_pull_request(repo, "two")
    assert (pull.num, pull.status, pull.git_reference) == (2, "draft", "refs/pr/2")
    assert pull.target_branch == "refs/heads/main"
    assert alice.repo_info(repo, revision="refs/pr/2").sha == alice.repo_info(repo).sha
    assert alice.create_discussion(repo, "three").num == 3


def test_concurrent_discussions_get_different_numbers(alice: HfApi, repo: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda n: alice.create_discussion(repo, f"number {n}").num, range(16))
    assert sorted(made) == list(range(1, 17))


def test_attachments(hub: LocalHub, alice: HfApi, anonymous: HfApi, tmp_path: Path) -> None:
    picture = tmp_path / "shot.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    url = alice.upload_attachment(picture)
    assert url.startswith(f"{hub.url}/uploads/") and url.endswith(".png")
    shown = get_session().get(url)
    assert (shown.content, shown.headers["Content-Type"]) == (picture.read_bytes(), "image/png")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    picture.write_bytes(b"<script>alert(1)</script>")
    with pytest.raises(BadRequestError, match="no image/png"):
        alice.upload_attachment(picture)
    with pytest.raises(HfHubHTTPError) as nobody:
        anonymous.upload_attachment(picture)
    assert nobody.value.response.status_code == 401
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(10 << 20))
    with pytest.raises(HfHubHTTPError) as huge:
        alice.upload_attachment(picture)
    assert huge.value.response.status_code == 413


def test_list_filters_and_pages(alice: HfApi, bob: HfApi, repo: str) -> None:
    for n in range(60):
        alice.create_discussion(repo, f"thread {n}")
    bob.create_discussion(repo, "by bob")
    alice.create_pull_request(repo, "a pull request")
    alice.change_discussion_status(repo, 1, "closed")
    every = list(alice.get_repo_discussions(repo))
    assert [thread.num for thread in every] == list(range(62, 0, -1))

    def nums(**which: str) -> list[int]:
        return [thread.num for thread in alice.get_repo_discussions(repo, **which)]  # type: ignore[arg-type]

    assert nums(author=bob.whoami()["name"]) == [61]
    assert nums(discussion_type="pull_request") == [62]
    assert len(nums(discussion_type="discussion")) == 61
    assert nums(discussion_status="closed") == [1]
    assert len(nums(discussion_status="open")) == 61


def test_comment_edit_and_hide(alice: HfApi, bob: HfApi, repo: str) -> None:
    thread = alice.create_discussion(repo, "talk")
    said = bob.comment_discussion(repo, thread.num, "first <!-- marker -->")
    assert said.content == "first <!-- marker -->" and "marker" not in said.rendered
    edited = bob.edit_discussion_comment(repo, thread.num, said.id, "second")
    assert (edited.content, edited.edited, edited.number_of_edits) == ("second", True, 1)
    with pytest.raises(HfHubHTTPError) as refused:
        bob.edit_discussion_comment(repo, thread.num, thread.events[0].id, "mine now")
    assert refused.value.response.status_code == 403
    with pytest.warns(UserWarning, match="irreversible"):
        hidden = alice.hide_discussion_comment(repo, thread.num, said.id)
    assert hidden.hidden and "second" not in str(hidden._event)


def test_rename_and_close(alice: HfApi, bob: HfApi, repo: str) -> None:
    thread = bob.create_discussion(repo, "old title")
    change = bob.rename_discussion(repo, thread.num, "new title")
    assert (change.old_title, change.new_title) == ("old title", "new title")
    status = alice.change_discussion_status(repo, thread.num, "closed", comment="done")
    assert isinstance(status, DiscussionStatusChange) and status.new_status == "closed"
    now = bob.get_discussion_details(repo, thread.num)
    assert (now.title, now.status) == ("new title", "closed")
    assert [event.type for event in now.events] == [
        "comment", "title-change", "comment", "status-change",
    ]  # fmt: skip


def test_a_stranger_may_open_but_not_close(alice: HfApi, bob: HfApi, repo: str) -> None:
    thread = alice.create_discussion(repo, "mine")
    with pytest.raises(HfHubHTTPError) as refused:
        bob.change_discussion_status(repo, thread.num, "closed")
    assert refused.value.response.status_code == 403
    assert alice.get_discussion_details(repo, thread.num).status == "open"


def test_private_repos_are_closed_to_strangers(alice: HfApi, bob: HfApi, name: str) -> None:
    alice.create_repo(name, private=True)
    alice.create_discussion(name, "secret")
    with pytest.raises(RepositoryNotFoundError):
        list(bob.get_repo_discussions(name))
    with pytest.raises(RepositoryNotFoundError):
        bob.create_discussion(name, "let me in")


@pytest.mark.parametrize("title", ["ab", "x" * 201])
def test_titles_out_of_bounds_are_refused(alice: HfApi, repo: str, title: str) -> None:
    with pytest.raises(BadRequestError, match="3 to 200"):
        alice.create_discussion(repo, title)
    assert list(alice.get_repo_discussions(repo)) == []


def test_hostile_text_is_stored_raw_and_shown_safe(alice: HfApi, repo: str) -> None:
    text = (
        "**b** <script>alert(1)</script><img src=x onerror=alert(1)>\n\n"
        "<a href='javascript:alert(1)'>y</a> [x](javascript:alert(1)) <style>*{}</style>"
    )
    first = alice.create_discussion(repo, "hostile", description=text).events[0]
    assert isinstance(first, DiscussionComment)
    assert first.content == text
    for bad in ("<script", "onerror", 'href="javascript', "<style"):
        assert bad not in first.rendered
    assert "<strong>b</strong>" in first.rendered


def test_pull_request_from_a_commit_is_merged(alice: HfApi, bob: HfApi, repo: str) -> None:
    add = CommitOperationAdd("note.txt", b"one line\n")
    commit = bob.create_commit(repo, [add], commit_message="Add a note", create_pr=True)
    assert commit.pr_num == 1
    pull = alice.get_discussion_details(repo, 1)
    assert (pull.status, pull.is_pull_request) == ("open", True)
    assert pull.author == bob.whoami()["name"]
    assert [e.oid for e in pull.events if isinstance(e, DiscussionCommit)] == [commit.oid]
    assert pull.diff is not None and "+one line" in pull.diff
    with pytest.raises(HfHubHTTPError):
        bob.merge_pull_request(repo, 1)
    alice.merge_pull_request(repo, 1, comment="thanks")
    merged = alice.get_discussion_details(repo, 1)
    assert merged.status == "merged"
    assert merged.merge_commit_oid == alice.repo_info(repo).sha
    assert alice.file_exists(repo, "note.txt")


def test_conflicting_pull_request_is_told_and_not_merged(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"base", path_in_repo="a.txt", repo_id=repo)
    add = CommitOperationAdd("a.txt", b"theirs")
    alice.create_commit(repo, [add], commit_message="Theirs", create_pr=True)
    alice.upload_file(path_or_fileobj=b"ours", path_in_repo="a.txt", repo_id=repo)
    assert alice.get_discussion_details(repo, 1).conflicting_files == ["a.txt"]
    with pytest.raises(HfHubHTTPError) as refused:
        alice.merge_pull_request(repo, 1)
    assert refused.value.response.status_code == 409
