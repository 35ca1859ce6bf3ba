"""Discussions, as the real Hub lists them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from huggingface_hub import HfApi, get_session

from bot.domain import names
from bot.hub.client import Connection
from bot.hub.discussions import DiscussionReader, parse_details
from bot.localhub.testing import LocalHub
from tests.bot.hub.calls import ORG, read
from tests.bot.localhub.helpers import auth_header, control


def test_pinned_discussions_and_deleted_authors_are_read(
    hub: LocalHub, connection: Connection
) -> None:
    space = names.leaderboard(ORG)
    connection.api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
    bob = HfApi(endpoint=hub.url, token=hub.token("bob"))
    nums = [
        bob.create_discussion(space, f"Language {n}", description="please", repo_type="space").num
        for n in range(60)
    ]
    url = f"{hub.url}/api/spaces/{space}/discussions/{nums[0]}/pin"
    get_session().post(url, json={"pinned": True}, headers=auth_header(hub)).raise_for_status()
    control(hub, "account", name="bob", deleted=True)
    pages = "control/calls?method=GET&path=/discussions$"
    before = read(hub, pages)["count"]
    try:
        discussions, deleted = DiscussionReader().read(connection, [], [], nums[1:], time.time())
    finally:
        control(hub, "account", name="bob", deleted=False)
    assert list(discussions) == [nums[0]] and not deleted
    assert (discussions[nums[0]].author, discussions[nums[0]].body) == ("", "please")
    assert read(hub, pages)["count"] - before == 2, "one for each page"


def test_only_a_post_of_the_author_is_the_post(hub: LocalHub, connection: Connection) -> None:
    space = f"{ORG}/another-space"
    connection.api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
    bob, eve = (HfApi(endpoint=hub.url, token=hub.token(name)) for name in ("bob", "alice"))
    num = bob.create_discussion(space, "Welsh", description="licence: mit", repo_type="space").num
    eve.comment_discussion(space, num, "base: eves-model", repo_type="space")
    details = eve.get_discussion_details(space, num, repo_type="space")
    assert parse_details(details, connection.me).body == "licence: mit"
    post, comment = details.events
    without = parse_details(replace(details, events=[comment]), connection.me)
    assert (without.author, without.body) == ("bob", "")
    texts = [(each.author, each.text) for each in without.comments]
    assert texts == [("alice", "base: eves-model")]
    late = replace(post, created_at=post.created_at + timedelta(minutes=1))
    own = parse_details(replace(details, events=[late]), connection.me)
    assert own.body == "" and own.comments[0].text == "licence: mit"
