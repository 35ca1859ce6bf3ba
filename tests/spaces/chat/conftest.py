"""The chat in a Space of the local Hub, for all tests that look at it in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from outbox import Outbox

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import CHAT, FEEDBACK, hub_api
from tests.spaces.running_space import SPACES, restart_space, wait_for

LEFT = "data/epo_Latn/2026-11-24/left.jsonl"
SETTINGS = "answer_settings.py"


@pytest.fixture(scope="session")
def chat(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the chat; when all tests have ended, it must upload what is left."""
    api, folder = hub_api(hub), tmp_path_factory.mktemp("outbox")
    api.create_repo(
        CHAT, repo_type="space", space_sdk="gradio",
        space_secrets=[{"key": "HF_TOKEN", "value": hub.token("kakugo-bot")}],
        space_variables=[{"key": "KAKUGO_OUTBOX", "value": str(folder)}],
    )  # fmt: skip
    for name, target in (("common", "common"), ("chat", ".")):
        api.upload_folder(
            repo_id=CHAT, repo_type="space", folder_path=SPACES / name, path_in_repo=target,
            ignore_patterns=["*cache*"],
        )  # fmt: skip
    # An endless answer lasts until somebody has seen the queue.
    settings = (SPACES / "chat" / SETTINGS).read_text(encoding="utf-8")
    endless = re.sub("MAX_TOKENS = .*", "MAX_TOKENS = 16, 3500", settings)
    api.upload_file(
        path_or_fileobj=endless.encode(), path_in_repo=SETTINGS, repo_id=CHAT, repo_type="space"
    )
    yield restart_space(api, CHAT)
    Outbox(folder).add(LEFT, "{}\n")
    api.pause_space(CHAT)
    wait_for(lambda: api.file_exists(FEEDBACK, LEFT, repo_type="dataset"), "the last upload")
