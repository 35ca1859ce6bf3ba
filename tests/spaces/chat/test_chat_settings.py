"""The environment variables of the chat."""

from __future__ import annotations

from pathlib import Path

import pytest
from chat_settings import ChatSettings


def test_missing_or_wrong_variable_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="KAKUGO_ORG"):
        ChatSettings.read({})
    with pytest.raises(SystemExit, match="PORT must be a number"):
        ChatSettings.read({"KAKUGO_ORG": "x", "PORT": "http"})
    env = {"SPACE_ID": "org/x", "PORT": "7", "KAKUGO_OUTBOX": str(tmp_path)}
    settings = ChatSettings.read(env)
    assert (settings.org, settings.port, settings.token) == ("org", 7, None)
    assert settings.outbox == tmp_path
