"""Discussions and pull requests through the real client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, get_session
from huggingface_hub.community import DiscussionComment, DiscussionCommit, DiscussionStatusChange
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from bot.localhub.testing import LocalHub
from tests.bot.localhub.helpers import auth_header, control, status_of


def put(api: HfApi, repo: str, path: str, content: bytes, **more: Any) -> str:
    add = CommitOperationAdd(path, content)
    return str(api.create_commit(repo, [add], commit_message=f"Add {path}", **more).oid)


def test_created_discussion_can_be_read_back(bob: HfApi, repo: str) -> None:
    discussion = bob.create_discussion(repo, "  Esperanto  ", description="Hello *there*")
    assert discussion == bob.get_discussion_details(repo, discussion.num)
    author = bob.whoami()["name"]
    assert (discussion.num, discussion.title, discussion.status, discussion.author) == (
        1,
        "Esperanto",
        "open",
        author,
    )
    first = discussion.events[0]
    assert isinstance(first, DiscussionComment)
    assert first.content == "Hello *there*"
    assert first.rendered.strip() == "<p>Hello <em>there</em></p>"
    assert discussion.url.endswith(f"{repo}/discussions/1")


def test_discussions_and_pull_requests_share_their_numbers(alice: HfApi, repo: str) -> None:
    assert alice.create_discussion(repo, "one").num == 1
    put(alice, repo, "a.txt", b"a", create_pr=True)
    pull = alice.get_discussion_details(repo, 2)
    assert (pull.status, pull.git_reference) == ("open", "refs/pr/2")
    assert pull.target_branch == "refs/heads/main"
    assert alice.create_discussion(repo, "three").num == 3
    with pytest.raises(HfHubHTTPError, match="create_pr=1") as error:
        alice.create_pull_request(repo, "an empty pull request")
    assert status_of(error) == 501


def test_concurrent_discussions_get_different_numbers(alice: HfApi, repo: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        nums = pool.map(lambda n: alice.create_discussion(repo, f"number {n}").num, range(16))
    assert sorted(nums) == list(range(1, 17))


def test_listing_can_be_filtered_and_paged(alice: HfApi, bob: HfApi, repo: str) -> None:
    for n in range(50):
        alice.create_discussion(repo, f"thread {n}")
    bob.create_discussion(repo, "by bob")
    put(alice, repo, "a.txt", b"a", create_pr=True)
    alice.change_discussion_status(repo, 1, "closed")
    assert [thread.num for thread in alice.get_repo_discussions(repo)] == [*range(52, 0, -1)]

    def nums(**which: str) -> list[int]:
        return [thread.num for thread in alice.get_repo_discussions(repo, **which)]  # type: ignore[arg-type]

    assert nums(author=bob.whoami()["name"]) == [51]
    assert nums(discussion_type="pull_request") == [52]
    assert len(nums(discussion_type="discussion")) == 51
    assert nums(discussion_status="closed") == [1]
    assert len(nums(discussion_status="open")) == 51


def test_comment_can_be_edited_by_its_author(alice: HfApi, bob: HfApi, repo: str) -> None:
    thread = alice.create_discussion(repo, "title")
    comment = bob.comment_discussion(repo, thread.num, "first <!-- marker -->")
    assert comment.content == "first <!-- marker -->" and "marker" not in comment.rendered
    edited = bob.edit_discussion_comment(repo, thread.num, comment.id, "second")
    assert (edited.content, edited.edited) == ("second", True)
    assert edited._event["data"]["numEdits"] == 1
    with pytest.raises(HfHubHTTPError) as error:
        bob.edit_discussion_comment(repo, thread.num, thread.events[0].id, "mine now")
    assert status_of(error) == 403


def test_hidden_comment_keeps_its_place_without_its_text(
    alice: HfApi, bob: HfApi, repo: str
) -> None:
    thread = bob.create_discussion(repo, "title", description="secret")
    with pytest.warns(UserWarning, match="irreversible"):
        alice.hide_discussion_comment(repo, thread.num, thread.events[0].id)
    (hidden,) = bob.get_discussion_details(repo, thread.num).events
    assert isinstance(hidden, DiscussionComment)
    assert (hidden.hidden, hidden.content) == (True, "")
    assert hidden._event["data"]["hiddenBy"] == "alice"


def test_nobody_comments_on_a_locked_discussion(hub: LocalHub, bob: HfApi, repo: str) -> None:
    thread = bob.create_discussion(repo, "title")
    control(hub, "thread", type="model", repo=repo, num=thread.num, locked=True)
    with pytest.raises(HfHubHTTPError, match="locked") as error:
        bob.comment_discussion(repo, thread.num, "more")
    assert status_of(error) == 403
    assert bob.get_discussion_details(repo, thread.num).events[-1].type == "locking-change"


def test_pinned_discussions_come_first_unless_the_order_is_given(
    hub: LocalHub, alice: HfApi, repo: str
) -> None:
    for title in ("one", "two", "three"):
        alice.create_discussion(repo, title)
    url = f"{hub.url}/api/models/{repo}/discussions"
    get_session().post(f"{url}/1/pin", json={"pinned": True}, headers=auth_header(hub))

    def nums(query: str) -> list[int]:
        listed = get_session().get(f"{url}?{query}").json()["discussions"]
        return [item["num"] for item in listed]

    assert nums("p=0") == [1, 3, 2]
    assert nums("p=0&sort=recently-created") == [3, 2, 1]
    assert nums("search=TW") == [2]


def test_closing_with_a_comment_adds_both_events(alice: HfApi, bob: HfApi, repo: str) -> None:
    thread = bob.create_discussion(repo, "title")
    change = alice.change_discussion_status(repo, thread.num, "closed", comment="done")
    assert isinstance(change, DiscussionStatusChange) and change.new_status == "closed"
    closed = bob.get_discussion_details(repo, thread.num)
    assert closed.status == "closed"
    assert [event.type for event in closed.events] == ["comment", "comment", "status-change"]


def test_only_authors_and_writers_can_close(alice: HfApi, bob: HfApi, repo: str) -> None:
    thread = alice.create_discussion(repo, "mine")
    with pytest.raises(HfHubHTTPError) as error:
        bob.change_discussion_status(repo, thread.num, "closed")
    assert status_of(error) == 403
    assert alice.get_discussion_details(repo, thread.num).status == "open"


def test_discussions_of_private_repos_are_hidden(alice: HfApi, bob: HfApi, name: str) -> None:
    alice.create_repo(name, private=True)
    alice.create_discussion(name, "secret")
    with pytest.raises(RepositoryNotFoundError):
        list(bob.get_repo_discussions(name))
    with pytest.raises(RepositoryNotFoundError):
        bob.create_discussion(name, "let me in")


@pytest.mark.parametrize("title", ["ab", "x" * 201])
def test_titles_of_wrong_length_are_rejected(alice: HfApi, repo: str, title: str) -> None:
    with pytest.raises(BadRequestError, match="title"):
        alice.create_discussion(repo, title)
    assert list(alice.get_repo_discussions(repo)) == []


def test_hostile_text_is_stored_raw_and_rendered_safe(alice: HfApi, repo: str) -> None:
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


def test_pull_request_is_merged_by_a_writer(alice: HfApi, bob: HfApi, repo: str) -> None:
    oid = put(bob, repo, "note.txt", b"one line\n", create_pr=True)
    pull = alice.get_discussion_details(repo, 1)
    assert (pull.status, pull.is_pull_request) == ("open", True)
    assert pull.author == bob.whoami()["name"]
    assert [e.oid for e in pull.events if isinstance(e, DiscussionCommit)] == [oid]
    with pytest.raises(HfHubHTTPError):
        bob.merge_pull_request(repo, 1)
    alice.merge_pull_request(repo, 1, comment="thanks")
    merged = alice.get_discussion_details(repo, 1)
    assert merged.status == "merged"
    assert merged.merge_commit_oid == alice.repo_info(repo).sha
    assert alice.file_exists(repo, "note.txt")


def test_pull_request_with_conflicts_is_not_merged(alice: HfApi, repo: str) -> None:
    put(alice, repo, "a.txt", b"base")
    put(alice, repo, "a.txt", b"theirs", create_pr=True)
    put(alice, repo, "a.txt", b"ours")
    assert alice.get_discussion_details(repo, 1).conflicting_files == ["a.txt"]
    with pytest.raises(HfHubHTTPError) as error:
        alice.merge_pull_request(repo, 1)
    assert status_of(error) == 409
