"""The environment variables of the leaderboard."""

from __future__ import annotations

import pytest
from leaderboard_settings import LeaderboardSettings


def test_missing_or_wrong_variable_is_refused_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match="KAKUGO_ORG"):
        LeaderboardSettings.read({})
    with pytest.raises(SystemExit, match="PORT must be a number"):
        LeaderboardSettings.read({"KAKUGO_ORG": "x", "PORT": "http"})
    env = {"SPACE_ID": "org/kakugo", "GRADIO_SERVER_PORT": "7", "HF_ENDPOINT": "http://h/"}
    settings = LeaderboardSettings.read(env)
    assert (settings.org, settings.port, settings.token) == ("org", 7, None)
    assert settings.endpoint == "http://h"
    assert settings.urls.discussions == "http://h/spaces/org/kakugo/discussions"
