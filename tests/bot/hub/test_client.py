"""Errors of the client become the bot's own."""

from __future__ import annotations

import re

import pytest
from huggingface_hub import constants

from bot.hub.client import Connection, Refused, TryLater, translate_errors
from tests.bot.hub.calls import ORG


def test_a_card_that_the_hub_refuses_is_not_sent_again(connection: Connection) -> None:
    connection.api.create_repo(f"{ORG}/card")
    card = b"---\nlanguage: zh-Hans\n---\n"
    with pytest.raises(Refused, match=re.escape('"language" with value "zh-Hans" is not valid')):
        with translate_errors("write the card"):
            connection.api.upload_file(
                path_or_fileobj=card, path_in_repo="README.md", repo_id=f"{ORG}/card"
            )


def test_an_error_of_the_network_names_the_variable_with_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "INFERENCE_ENDPOINTS_ENDPOINT", "")  # restored afterwards
    nowhere = Connection("http://127.0.0.1:9", ORG, "hf_x", "", "http://127.0.0.1:9/v2")
    with pytest.raises(TryLater, match=r"127\.0\.0\.1:9 \(Conn.* network and HF_ENDPOINT$"):
        _ = nowhere.me
    with pytest.raises(TryLater, match="network and KAKUGO_ENDPOINTS_URL$"):
        with translate_errors("list the endpoints"):
            nowhere.api.list_inference_endpoints(ORG)
