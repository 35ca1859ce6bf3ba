"""Errors of the client become the bot's own."""

from __future__ import annotations

import re

import pytest

from bot.hub.client import Connection, Refused, translate_errors
from tests.bot.hub.calls import ORG


def test_a_card_that_the_hub_refuses_is_not_sent_again(connection: Connection) -> None:
    connection.api.create_repo(f"{ORG}/card")
    card = b"---\nlanguage: zh-Hans\n---\n"
    with pytest.raises(Refused, match=re.escape('"language" with value "zh-Hans" is not valid')):
        with translate_errors("write the card"):
            connection.api.upload_file(
                path_or_fileobj=card, path_in_repo="README.md", repo_id=f"{ORG}/card"
            )
