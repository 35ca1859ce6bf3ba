"""The handlers without a browser."""

from __future__ import annotations

import pytest
from hub_source import HubSource
from leaderboard_settings import LeaderboardSettings
from query import View

SETTINGS = LeaderboardSettings.read({"KAKUGO_ORG": "org", "HF_ENDPOINT": "http://127.0.0.1:9"})
VIEW = View()
VALUES = (VIEW.query, VIEW.script, VIEW.family, VIEW.region, VIEW.base, VIEW.covered, VIEW.sort,
          list(VIEW.columns))  # fmt: skip


@pytest.mark.xdist_group("gradio")
def test_page_is_refreshed_only_after_it_was_loaded_and_when_something_changed() -> None:
    import gradio as gr
    from handlers import Handlers

    source = HubSource(SETTINGS)
    handlers = Handlers(source, SETTINGS)
    before_load = handlers.refresh("", 1, *VALUES)
    assert before_load == [gr.skip()] * len(before_load)
    updates = handlers.refresh("older", 1, *VALUES)
    assert len(updates) == len(before_load)
    stamp = next(update for update in updates if isinstance(update, str))
    assert handlers.refresh(stamp, 1, *VALUES) == before_load
    source.refresh()  # the Hub cannot be reached
    assert handlers.refresh(stamp, 1, *VALUES) != before_load
