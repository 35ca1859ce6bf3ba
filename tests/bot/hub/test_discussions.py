"""Discussions, as the real Hub lists them."""

from __future__ import annotations

import time

from huggingface_hub import HfApi, get_session

from bot.domain import names
from bot.hub.client import Connection
from bot.hub.discussions import DiscussionReader
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
        discussions, deleted = DiscussionReader().read(connection, [], nums[1:], time.time())
    finally:
        control(hub, "account", name="bob", deleted=False)
    assert list(discussions) == [nums[0]] and not deleted
    assert (discussions[nums[0]].author, discussions[nums[0]].body) == ("", "please")
    assert read(hub, pages)["count"] - before == 2, "one for each page"
